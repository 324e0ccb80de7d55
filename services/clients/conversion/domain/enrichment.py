"""What a linked record takes of the lead: its empty fields are filled and its lists joined, as in a merge (LEAD-12).

Not taken is what is said of the lead and not of the person: who is responsible, and where it came from.
"""

from collections.abc import Collection, Mapping
from typing import Any, Final

from crm_contracts.conversions import LeadConversionRequested, LinkedClient

from services.clients.records.domain.company import Company
from services.clients.records.domain.contact import Contact
from services.clients.records.domain.merge_fields import JOINED, MAX_ENTRIES, comparable, is_filled, joined
from services.clients.records.domain.names import agreement

_NAME: Final = ("first_name", "middle_name", "last_name")
_POINTS: Final = ("phones", "emails", "websites", "messengers")
_OF_ANY: Final = ("comments", "utm")
_ADDRESS: Final = "address"
"""No field of a client: it is in requisites that carry nothing else (REQ-03)."""
_REACHED_BY: Final = (*_POINTS, _ADDRESS)
_OF_CONTACT: Final = ("salutation", *_NAME, "birth_date", "position", *_OF_ANY, *_REACHED_BY)


def given_to_contact(request: LeadConversionRequested) -> dict[str, Any]:
    """List what the lead says of the person, by field."""
    return _given(request, _OF_CONTACT)


def given_to_company(request: LeadConversionRequested, *, alone: bool) -> dict[str, Any]:
    """List what the lead says of the company; contact data where no contact takes it."""
    return _given(request, (*_OF_ANY, *_REACHED_BY) if alone else _OF_ANY)


def fillings(record: Contact | Company, given: Mapping[str, Any]) -> dict[str, Any]:
    """List the fields that change, with their values; what was corrected here stays, and so does a name of two."""
    changes: dict[str, Any] = {}
    for name, value in given.items():
        if name == _ADDRESS:
            changes |= {} if record.requisites else {name: value}
            continue
        current = getattr(record, name)
        if name in JOINED:
            longer = joined(name, [current, value])[: max(MAX_ENTRIES[name], len(current))]
            changes |= {name: longer} if longer != current else {}
        elif not is_filled(current) and name not in record.edited_here:
            changes[name] = value
    return changes if _is_one_name(record, given, changes) else {k: v for k, v in changes.items() if k not in _NAME}


def linked_client(record: Contact | Company, given: Mapping[str, Any], planned: Collection[str]) -> LinkedClient:
    """Say what of the lead the record has now, of what it was to be given, and what it has otherwise."""
    known = _NAME if isinstance(record, Contact) and agreement(_full_name(given), record.full_name) == "same" else ()
    missing = tuple(name for name in given if name not in known and not _has(record, name, given[name]))
    return LinkedClient(
        client=record.ref,
        enriched=tuple(name for name in given if name in planned and name not in missing),
        left_out=missing,
    )


def _given(request: LeadConversionRequested, names: Collection[str]) -> dict[str, Any]:
    values = {name: getattr(request.snapshot, name) for name in names}
    return {name: value for name, value in values.items() if value not in (None, "", ())}


def _has(record: Contact | Company, name: str, value: Any) -> bool:
    if name == _ADDRESS:
        return any(value in requisite.addresses for requisite in record.requisites)
    current = getattr(record, name)
    if name in JOINED:
        return len(joined(name, [current, value])) == len(current)
    return comparable(current) == comparable(value)


def _is_one_name(record: Contact | Company, given: Mapping[str, Any], changes: Mapping[str, Any]) -> bool:
    """Whether the parts of the name that are filled make the name of the lead, not one of two people."""
    if not changes.keys() & set(_NAME):
        return True
    parts = {name: changes.get(name) or getattr(record, name) for name in _NAME}
    return agreement(_full_name(parts), _full_name(given)) == "same"


def _full_name(parts: Mapping[str, Any]) -> str:
    return " ".join(parts[name] for name in _NAME if parts.get(name))
