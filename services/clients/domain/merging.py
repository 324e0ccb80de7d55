"""What several records of one client come to when they are one (DUP-02).

The surprise: a field that is empty in all records but one is no question, and neither are lists, which are joined, nor
flags by which a record is kept back, which count as soon as one record has them. Wherever else they differ, only people
can say which value is right.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any, Final

from crm_contracts.fields import Identified
from crm_contracts.values import ContactPoint, Fields, Value

from services.clients.domain.errors import ResolutionNotValid

MOST: Final = {"phones": 50, "emails": 50, "websites": 50, "messengers": 50, "observers": 100, "traces": 100}
JOINED: Final = frozenset(MOST)
"""Lists: the first record's entries, then what the others have beside them; as many as a caller may give."""
CAREFUL: Final = frozenset({"export", "open_to_all"})
"""What one record keeps back is kept back."""
OF_SELLERS: Final = frozenset({"is_my_company", "is_default_my_company"})
KEPT: Final = OF_SELLERS | {"origin_version", "edited_here"}
"""As the first record has it."""


class Claimed(Value):
    """What one record says."""

    id: str
    value: Any


class Difference(Value):
    """A field in which filled values differ."""

    field: str
    values: tuple[Claimed, ...]


def merged_fields(
    kind: type[Fields], records: Sequence[Identified], resolution: Mapping[str, str]
) -> tuple[dict[str, Any], list[Difference]]:
    """What becomes of each field, and where the records differ.

    Args:
        kind: the fields of this type of record.
        records: the survivor first; where they differ, the first filled value stands.
        resolution: for a field the id of the record whose value counts; of a record that is not among these, nothing.
    """
    merged: dict[str, Any] = {}
    differences = []
    for name in kind.model_fields:
        values = [getattr(record, name) for record in records]
        if name in JOINED:
            merged[name] = _joined(values)
        elif name in CAREFUL:
            merged[name] = all(values)
        elif name in KEPT:
            merged[name] = values[0]
        elif decided := [record for record in records if record.id == resolution.get(name)]:
            merged[name] = getattr(decided[0], name)
        else:
            pairs = zip(records, values, strict=True)
            filled = tuple(Claimed(id=record.id, value=value) for record, value in pairs if value not in (None, ""))
            merged[name] = filled[0].value if filled else values[0]
            if len({_comparable(each.value) for each in filled}) > 1:
                differences.append(Difference(field=name, values=filled))
    return merged, differences


def check_resolution(kind: type[Fields], records: Sequence[Identified], resolution: Mapping[str, str]) -> None:
    """It speaks of fields that one record decides, and of these records.

    Raises:
        ResolutionNotValid: naming every field that does not fit.
    """
    decided = kind.model_fields.keys() - JOINED - CAREFUL - KEPT
    ids = {record.id for record in records}
    wrong = {name: "no field that is taken from one record" for name in resolution if name not in decided}
    wrong |= {name: "none of these records" for name in resolution.keys() - wrong.keys() if resolution[name] not in ids}
    if wrong:
        errors = [{"field": f"resolution.{name}", "code": "unknown", "message": wrong[name]} for name in sorted(wrong)]
        raise ResolutionNotValid("The resolution does not fit the records.", {"errors": errors})


def _joined(lists: Iterable[Iterable[Any]]) -> tuple[Any, ...]:
    first, *others = lists
    entries, known = list(first), {_same(entry) for entry in first}
    for entry in (entry for each in others for entry in each):
        if _same(entry) not in known:
            known.add(_same(entry))
            entries.append(entry)
    return tuple(entries)


def _same(entry: Any) -> Hashable:
    """A number may be in several messengers."""
    return (entry.normalized or (entry.kind, entry.value)) if isinstance(entry, ContactPoint) else entry


def _comparable(value: Any) -> Hashable:
    """Texts that differ in case or spaces alone say the same."""
    return " ".join(value.split()).casefold() if isinstance(value, str) else value
