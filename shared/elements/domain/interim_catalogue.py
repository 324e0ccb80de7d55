"""Fields by which leads and deals are filtered, until the catalogue of fields takes the place of this file (issue 17).

The kinds follow from the contract's models where these say them; the table says what they do not.
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any, Final, get_args

from crm_contracts.elements import DEAL, LEAD, ElementType
from crm_contracts.field_spec import dictionary_fields

from shared.elements.domain.fields import CatalogueField, Kind

_EQUALITY: Final = frozenset({"=", "!=", "in", "not in", "empty"})
_ORDERED: Final = _EQUALITY | {">", ">=", "<", "<="}
_LIKE: Final = frozenset({"like", "not like", "empty"})

_OPERATORS: Final[Mapping[Kind, frozenset[str]]] = {
    "string": _EQUALITY | _LIKE,
    "text": _LIKE,
    "integer": _ORDERED,
    "decimal": _ORDERED,
    "money": _ORDERED,
    "date": _ORDERED,
    "datetime": _ORDERED,
}
"""By kind; the others have those of equality."""

_BY_TYPE: Final[Mapping[Any, Kind]] = {int: "integer", bool: "boolean", date: "date", datetime: "datetime"}

_KINDS: Final[Mapping[str, Kind]] = {
    "additional_info": "text",
    "comments": "text",
    "id": "element",
    "lead_id": "element",
    "observers": "user",
    "previous_stage_id": "stage",
    "quote_id": "element",
    "responsible_id": "user",
    "source_description": "text",
    "stage_id": "stage",
    "status_description": "text",
}
"""Kinds that no type tells."""

_INSIDE: Final[Mapping[str, tuple[Kind, str, bool]]] = {
    "amount": ("money", "amount.value", False),
    "company_id": ("element", "client.company.id", False),
    "contact_id": ("element", "client.contacts.contact_id", True),
    "currency": ("string", "amount.currency", False),
    "product_id": ("element", "rows.product_id", True),
}
"""What stands inside of a field: its kind, its path, whether there are several."""

_REACHABLE: Final[Mapping[str, tuple[Kind, str, bool]]] = {
    "email": ("string", "emails.normalized", True),
    "phone": ("string", "phones.normalized", True),
}

_PERSONAL: Final = frozenset({"birth_date", "email", "first_name", "last_name", "middle_name", "phone"})
_ORDERS: Final = frozenset({"created_at", "number"})
_NOT_STORED_ALWAYS: Final = frozenset({"converted_elsewhere", "is_new"})
"""Fields that records from before them lack in the database."""


def fields_of(type_: ElementType) -> dict[str, CatalogueField]:
    """Return the fields by which elements of a type are filtered, by name."""
    inside = {**_INSIDE, **(_REACHABLE if "phones" in type_.state.model_fields else {})}
    plain = ((name, kind, "_id" if name == "id" else name, name == "observers") for name, kind in _plain(type_))
    found = [*plain, *((name, *more) for name, more in inside.items())]
    return {name: _field(type_, name, kind, path, is_list=is_list) for name, kind, path, is_list in sorted(found)}


def _plain(type_: ElementType) -> Iterator[tuple[str, Kind]]:
    dictionaries = dictionary_fields(type_.fields)
    for name, field in type_.state.model_fields.items():
        types = [each for each in get_args(field.annotation) or (field.annotation,) if each is not type(None)]
        if name in _NOT_STORED_ALWAYS:
            continue
        if name in _KINDS or name in dictionaries:
            yield name, _KINDS.get(name, "dictionary")
        elif types[0] in _BY_TYPE:
            yield name, _BY_TYPE[types[0]]
        elif (types[0] is str and len(types) == 1) or name == "stage_semantic":
            yield name, "string"


def _field(type_: ElementType, name: str, kind: Kind, path: str, *, is_list: bool) -> CatalogueField:
    spec = dictionary_fields(type_.fields).get(name)
    return CatalogueField(
        name=name,
        title=name.removesuffix("_id").replace("_", " ").capitalize() if name != "id" else "Id",
        kind=kind,
        path=path,
        operators=_OPERATORS.get(kind, _EQUALITY),
        is_orderable=name in _ORDERS,
        is_writable=name in type_.fields.model_fields,
        dictionary=spec.dictionary if spec else None,
        is_list=is_list,
        is_personal=name in _PERSONAL,
    )


LEAD_FIELDS: Final = fields_of(LEAD)
DEAL_FIELDS: Final = fields_of(DEAL)
