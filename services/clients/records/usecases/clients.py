"""Create, correct, import and delete contacts and companies (CONT-01, COMP-01, CMN-14, COMP-10)."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from crm_contracts.elements import ELEMENTS
from crm_contracts.values import ElementRef, Fields

from services.clients.records.domain.client import C, ClientRecord, Defaults
from shared.elements.domain.dictionary_codes import DictionaryCodes
from shared.elements.domain.element import OriginTaken
from shared.elements.domain.room import check_fields
from shared.kit.domain import Cause, Findings, Invalid, derived_id
from shared.kit.storage.numbers import Numbers
from shared.kit.storage.repository import NewRecords, Records, refuse_new
from shared.kit.storage.repository_errors import IdTaken


class FieldCodes(Protocol):
    """Knows the dictionaries of fields."""

    async def codes(self, fields: type[Fields], names: Iterable[str] | None = None) -> DictionaryCodes:
        """Return the codes that fields may have; of these fields alone, where named."""
        ...


async def create_client(
    id_: str,
    fields: Mapping[str, Any],
    origin: tuple[str, str] | None,
    cause: Cause,
    *,
    kind: type[C],
    owners: NewRecords[C],
    reference: FieldCodes,
    numbers: Numbers,
    defaults: Defaults,
    wrong: Sequence[Invalid] = (),
    link_to: ElementRef | None = None,
    complete: Callable[[C], object] = lambda _: None,
) -> C:
    """Create a record as `plan_client` makes it.

    Raises:
        OriginTaken: another record has this origin.
        Invalid: as `plan_client` raises it.
    """
    make = await plan_client(
        id_,
        fields,
        origin,
        cause,
        kind=kind,
        reference=reference,
        defaults=defaults,
        wrong=wrong,
        link_to=link_to,
        complete=complete,
    )
    return await owners.add_numbered(make, cause, numbers)


async def plan_client(
    id_: str,
    fields: Mapping[str, Any],
    origin: tuple[str, str] | None,
    cause: Cause,
    *,
    kind: type[C],
    reference: FieldCodes,
    defaults: Defaults,
    wrong: Sequence[Invalid] = (),
    link_to: ElementRef | None = None,
    complete: Callable[[C], object] = lambda _: None,
) -> Callable[[int], C]:
    """Return what makes a record of its number, after a trial, so that what is wrong is known before a write.

    The actor is responsible unless a user is named, and some fields have a default: those with a dictionary, and
    those that `defaults` has (COMP-03, CMN-09). `complete` gives it links, in the same write. The
    element that it is created from, if any, links it when it receives the event (CLI-05). `wrong` is what is known to
    be wrong with the fields; all else is named with it.

    Raises:
        NameMissing: neither a name nor a title.
        UnknownValue: names every field with a code that its dictionary has not (DICT-01).
        PartTooLarge: together the fields are more than an event may hold.
    """
    codes = await reference.codes(kind.TYPE.fields)
    given = {"responsible_id": cause.subject, **kind.defaults(defaults), **fields}
    findings = Findings(wrong)
    with findings.collecting():
        given |= codes.for_new(fields)
    with findings.collecting():
        check_fields(kind.TYPE.fields, kind.TYPE.fields.model_construct(None, **given), given)

    def make(number: int) -> C:
        record = kind.create(id_, number, given, by=cause.actor, at=cause.at, origin=origin, link_to=link_to)
        complete(record)
        return record

    with findings.collecting():
        make(0)
    findings.refuse()
    return make


async def correct_client(
    id_: str,
    changes: Mapping[str, Any],
    cause: Cause,
    *,
    owners: Records[C],
    reference: FieldCodes,
    expected_version: int | None = None,
    wrong: Sequence[Invalid] = (),
) -> C:
    """Set the given fields; equal values change nothing. `wrong` is as in `plan_client`.

    Raises:
        NotFound: no such record.
        NameMissing: neither a name nor a title would be left.
        UnknownValue: names every field with a code that neither its dictionary has nor the record (DICT-01).
        VersionMismatch: the caller's copy is old.
    """
    codes = await reference.codes(ELEMENTS[owners.noun].fields, changes)

    def correct(found: C) -> None:
        with _checked(changes, codes, found, wrong) as checked:
            found.correct(checked, by=cause.actor, at=cause.at)

    return await owners.change(id_, correct, cause, expected_version=expected_version)


async def take_over_client(
    id_: str,
    changes: Mapping[str, Any],
    cause: Cause,
    *,
    owners: Records[C],
    reference: FieldCodes,
    expected_version: int | None = None,
    wrong: Sequence[Invalid] = (),
    complete: Callable[[C], object] = lambda _: None,
) -> C:
    """Set the given fields to the values of another system; equal values change nothing (CMN-14).

    `complete` gives the record links, in the same write; `wrong` is as in `plan_client`.

    Raises:
        NotFound: no such record.
        NameMissing: neither a name nor a title would be left.
        UnknownValue: names every field with a code that neither its dictionary has nor the record (DICT-01).
        OriginVersionConflict: it would overwrite what was corrected here (CONT-08).
        VersionMismatch: the caller's copy is old.
    """
    codes = await reference.codes(ELEMENTS[owners.noun].fields, changes)

    def take_over(found: C) -> None:
        with _checked(changes, codes, found, wrong) as checked:
            found.take_over(checked, by=cause.actor, at=cause.at)
            complete(found)

    return await owners.change(id_, take_over, cause, expected_version=expected_version)


@contextmanager
def _checked(
    changes: Mapping[str, Any], codes: DictionaryCodes, found: ClientRecord[Any], wrong: Sequence[Invalid]
) -> Iterator[Mapping[str, Any]]:
    """Yield the changes with their codes checked, and refuse at the end what is wrong with any of it."""
    findings = Findings(wrong)
    with findings.collecting():
        changes = codes.for_existing(changes, found)
    with findings.collecting():
        yield changes
    findings.refuse()


async def upsert_client(
    origin: tuple[str, str],
    fields: Mapping[str, Any],
    cause: Cause,
    *,
    existing: Records[C],
    find: Callable[[str, str], Awaitable[C | None]],
    create: Callable[[str], Awaitable[C]],
    reference: FieldCodes,
    expected_version: int | None = None,
    new_id: str | None = None,
    wrong: Sequence[Invalid] = (),
    complete: Callable[[C], object] = lambda _: None,
) -> tuple[C, bool]:
    """Create the record of this origin, or set the fields of the one that there is; its links stay (CMN-14).

    A new one has the id `new_id`, if one is given, else one that is derived from its origin. `complete` gives links to
    an existing one, in the same write; `wrong` is as in `plan_client`. Returns the record, and whether it is new.

    Raises:
        Gone: the record of this origin was deleted.
        IdTaken: another record has the id that follows from this origin.
        OriginVersionConflict: it would overwrite what was corrected here (CONT-08).
        VersionMismatch: the caller's copy is old, or there is no record of which it has a copy.
    """
    found = await find(*origin)
    if found is None:
        refuse_new(existing.noun, expected_version)
        id_ = new_id or derived_id(existing.noun, *origin)
        try:
            return await create(id_), True
        except (IdTaken, OriginTaken):
            # A concurrent request created it, or it was deleted: its id is never used again.
            found = await find(*origin)
            if found is None:
                await existing.get(id_)
                raise
    how: dict[str, Any] = {"reference": reference, "expected_version": expected_version, "complete": complete}
    return await take_over_client(found.id, fields, cause, owners=existing, wrong=wrong, **how), False
