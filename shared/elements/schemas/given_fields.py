"""Take from a request body the fields that the caller sent."""

from typing import Any

from shared.elements.schemas.address import AddressIn
from shared.elements.schemas.files import FileIn
from shared.elements.schemas.money import MoneyIn
from shared.elements.schemas.tracking import UtmIn
from shared.kit.web.schemas import Input


def given_fields(body: Input, declared: type[Input]) -> dict[str, Any]:
    """Take the declared fields that the caller sent, as the domain has them; absent ones are not changed.

    A responsible user cannot be removed: a `responsible_id` of null counts as absent.
    """
    given = {name: getattr(body, name) for name in declared.model_fields if name in body.model_fields_set}
    for name, value in given.items():
        if isinstance(value, (AddressIn, FileIn, MoneyIn, UtmIn)):
            given[name] = value.value_of()
    if "observers" in given:
        given["observers"] = tuple(dict.fromkeys(given["observers"]))
    if "traces" in given:
        given["traces"] = tuple(touch.value_of() for touch in given["traces"])
    if "responsible_id" in given and given["responsible_id"] is None:
        del given["responsible_id"]
    return given
