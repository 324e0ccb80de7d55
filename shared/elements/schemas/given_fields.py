"""Take from a request body the fields that the caller sent."""

from typing import Any

from crm_contracts.values import Fields

from shared.elements.domain.declared_fields import Shape
from shared.elements.schemas.values import ValueIn
from shared.kit.web.schemas import Input


def given_fields(body: Input, contract: type[Fields]) -> dict[str, Any]:
    """Take the fields of the contract that the caller sent, as the domain has them; absent ones are not changed.

    A responsible user cannot be removed: null, where the contract has none, counts as absent.
    """
    sent = {name: getattr(body, name) for name in contract.model_fields if name in body.model_fields_set}
    return {name: _value(value) for name, value in sent.items() if value is not None or _may_be_null(contract, name)}


def _may_be_null(contract: type[Fields], name: str) -> bool:
    return Shape.of(contract.model_fields[name].annotation).is_nullable


def _value(sent: Any) -> Any:
    """Return what the rules take; a list without what it has twice, where its entries are ids."""
    if isinstance(sent, list):
        return tuple(dict.fromkeys(sent) if all(isinstance(each, str) for each in sent) else map(_value, sent))
    return sent.value_of() if isinstance(sent, ValueIn) else sent
