"""Derive from the contract the fields of a request whose values come from a dictionary (DICT-01)."""

from crm_contracts.field_spec import dictionary_fields
from crm_contracts.values import Fields
from pydantic import create_model

from shared.elements.schemas.scalars import Code
from shared.kit.web.schemas import Input


def dictionary_inputs(contract: type[Fields]) -> type[Input]:
    """Make a base class of request bodies: an optional code for each field of the contract that has a dictionary."""
    codes = dict.fromkeys(dictionary_fields(contract), (Code | None, None))
    return create_model(f"{contract.__name__}Codes", __base__=Input, **codes)  # type: ignore[call-overload,no-any-return]
