"""Merge the fields of several records of one client into one set (DUP-02).

A field that is filled in only one record is no conflict. Neither are lists, which are joined, nor restrictive flags,
which apply as soon as one record has them. Wherever else filled values differ, a resolution must name the record whose
value counts.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any, Final

from crm_contracts.fields import Identified
from crm_contracts.values import ContactPoint, Fields, Money, Value

from services.clients.records.domain.errors import ResolutionNotValid
from shared.elements.domain.contact_points import folded, identity
from shared.kit.domain import wrong_field

MAX_ENTRIES: Final = {"phones": 50, "emails": 50, "websites": 50, "messengers": 50, "observers": 100, "traces": 100}
"""As many as a caller may give."""
JOINED: Final = frozenset(MAX_ENTRIES)
"""Lists: the first record's entries, then those of the others that it lacks."""
RESTRICTIVE: Final = frozenset({"export", "open_to_all"})
"""Flags that are false as soon as one record has them false."""
SELLER_FLAGS: Final = frozenset({"is_my_company", "is_default_my_company"})
FROM_SURVIVOR: Final = SELLER_FLAGS | {"origin_version", "edited_here"}
"""As the first record has it."""


class FieldValue(Value):
    """The value of a field in one record."""

    id: str
    value: Any


class Difference(Value):
    """A field in which filled values differ."""

    field: str
    values: tuple[FieldValue, ...]


def merged_fields(
    kind: type[Fields], records: Sequence[Identified], resolution: Mapping[str, str]
) -> tuple[dict[str, Any], list[Difference]]:
    """Merge each field, and list where the records differ.

    Args:
        kind: the fields of this type of record.
        records: the survivor first; where they differ, the first filled value is taken.
        resolution: by field the id of the record whose value counts; ids of other records are ignored.
    """
    merged: dict[str, Any] = {}
    differences = []
    for name in kind.model_fields:
        values = [getattr(record, name) for record in records]
        if name in JOINED:
            merged[name] = joined(name, values)
        elif name in RESTRICTIVE:
            merged[name] = all(values)
        elif name in FROM_SURVIVOR:
            merged[name] = values[0]
        elif decided := [record for record in records if record.id == resolution.get(name)]:
            merged[name] = getattr(decided[0], name)
        else:
            pairs = zip(records, values, strict=True)
            filled = tuple(FieldValue(id=record.id, value=value) for record, value in pairs if is_filled(value))
            merged[name] = filled[0].value if filled else values[0]
            if len({comparable(each.value) for each in filled}) > 1:
                differences.append(Difference(field=name, values=filled))
    return merged, differences


def check_resolution(kind: type[Fields], records: Sequence[Identified], resolution: Mapping[str, str]) -> None:
    """Check that a resolution names fields that are taken from one record, and these records.

    Raises:
        ResolutionNotValid: names every field that does not fit.
    """
    decided = kind.model_fields.keys() - JOINED - RESTRICTIVE - FROM_SURVIVOR
    ids = {record.id for record in records}
    wrong = {name: "no field that is taken from one record" for name in resolution if name not in decided}
    wrong |= {name: "none of these records" for name in resolution.keys() - wrong.keys() if resolution[name] not in ids}
    if wrong:
        errors = [wrong_field(f"resolution.{name}", "unknown", wrong[name]) for name in sorted(wrong)]
        raise ResolutionNotValid("The resolution does not fit the records.", {"errors": errors})


def joined(name: str, lists: Iterable[Iterable[Any]]) -> tuple[Any, ...]:
    """Join the lists of a field: the entries of the first, then those of the others that it lacks."""
    first, *others = lists
    entries, known = list(first), {_identity(name, entry) for entry in first}
    for entry in (entry for each in others for entry in each):
        if _identity(name, entry) not in known:
            known.add(_identity(name, entry))
            entries.append(entry)
    return tuple(entries)


def is_filled(value: Any) -> bool:
    """Whether a value was filled in: a revenue of zero is the one that a company begins with (COMP-03)."""
    return value.value != 0 if isinstance(value, Money) else value not in (None, "")


def _identity(name: str, entry: Any) -> Hashable:
    """Identify an entry of a list; one number may be in several messengers."""
    if name in {"phones", "emails"}:
        return identity(entry)
    known: Hashable = (entry.kind, folded(entry.value)) if isinstance(entry, ContactPoint) else entry
    return known


def comparable(value: Any) -> Hashable:
    """Fold a value for comparison: texts that differ in case or spaces alone are equal."""
    return " ".join(value.split()).casefold() if isinstance(value, str) else value
