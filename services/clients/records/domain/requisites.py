"""Keep the requisites of a contact or a company: legal details, addresses and bank accounts (REQ-01 to REQ-04).

Requisites are part of their owner's document, so each change of one is a change of the owner, with its version and
sequence.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final

from crm_contracts.clients import RequisiteChanged, RequisiteCreated, RequisiteDeleted
from crm_contracts.requisites import BankDetail, Requisite
from crm_contracts.values import ElementRef, Value

from services.clients.records.domain.bank_details import identified
from services.clients.records.domain.duplicates import ACCOUNT_FIELDS
from services.clients.records.domain.errors import RequisiteIdTaken, TooManyRequisites
from services.clients.records.domain.presets import PRESETS
from services.clients.records.domain.requisite_rules import valid_requisite
from shared.elements.domain.room import MAX_REQUISITES_BYTES, check_room
from shared.kit.domain import Aggregate, NotFound, derived_id

MAX_REQUISITES: Final = 20
NAME_FIELDS: Final = ("RQ_COMPANY_NAME", "RQ_COMPANY_FULL_NAME")


class RequisiteOwner(Aggregate):
    """An aggregate that has requisites."""

    requisites: tuple[Requisite, ...] = ()
    updated_at: datetime
    updated_by: str

    @property
    def ref(self) -> ElementRef:
        """Pointer to the owner."""
        raise NotImplementedError

    def add_requisite(self, requisite: Requisite, *, key: str, by: str, at: datetime) -> None:
        """Add requisites; the same again changes nothing.

        New accounts in it get ids derived from `key`, which belongs to this request alone.

        Raises:
            RequisiteNotValid: names every wrong field.
            PartTooLarge: all requisites together are more than an event may hold.
            RequisiteIdTaken: the owner has others of this id.
            TooManyRequisites: the owner has the maximum number.
        """
        known = next((each for each in self.requisites if each.id == requisite.id), None)
        added = self._checked(requisite, known.bank_details if known else (), key)
        if known is not None:
            if added != known:
                message = f"There are other requisites of the id {known.id}: PUT changes them."
                raise RequisiteIdTaken(message)
            return
        if len(self.requisites) >= MAX_REQUISITES:
            message = f"At most {MAX_REQUISITES} requisites."
            raise TooManyRequisites(message)
        _check_room(added, (*self.requisites, added), self.requisites)
        self._set_requisites((*self.requisites, added), by, at)
        self.record(RequisiteCreated(owner=self.ref, requisite=added, requisites=self.requisites))

    def change_requisite(self, requisite: Requisite, *, key: str, by: str, at: datetime) -> None:
        """Replace the requisites with the same id; equal ones change nothing.

        Accounts in it keep their ids; new ones get ids derived from `key`, which belongs to this request alone.

        Raises:
            NotFound: there are none with this id.
            RequisiteNotValid: names every wrong field.
        PartTooLarge: all requisites together are more than an event may hold.
        """
        before = self.requisite(requisite.id)
        after = self._checked(requisite, before.bank_details, key)
        if after == before:
            return
        others = [known for known in self.requisites if known is not before]
        _check_room(after, (*others, after), self.requisites)
        self._set_requisites((after if known is before else known for known in self.requisites), by, at)
        self.record(RequisiteChanged(owner=self.ref, before=before, after=after, requisites=self.requisites))

    def remove_requisite(self, id_: str, *, by: str, at: datetime) -> None:
        """Remove requisites.

        Raises:
            NotFound: there are none with this id.
        """
        before = self.requisite(id_)
        self._set_requisites((known for known in self.requisites if known is not before), by, at)
        self.record(RequisiteDeleted(owner=self.ref, before=before, requisites=self.requisites))

    def requisite(self, id_: str) -> Requisite:
        """Return the requisites with this id.

        Raises:
            NotFound: there are none.
        """
        for known in self.requisites:
            if known.id == id_:
                return known
        message = f"There is no requisite {id_}."
        raise NotFound(message)

    @property
    def tax_numbers(self) -> Iterator[str]:
        """Tax numbers of all requisites, as they are stored (REQ-02)."""
        for requisite in self.requisites:
            preset = PRESETS.get(requisite.preset_id or "")
            for code, value in requisite.fields.items():
                if preset and (field := preset.field(code)) and field.is_tax_number:
                    yield value

    @property
    def accounts(self) -> Iterator[str]:
        """Numbers of all bank accounts, as they are stored (REQ-04)."""
        details = (detail for requisite in self.requisites for detail in requisite.bank_details)
        yield from (detail.fields[code] for detail in details for code in ACCOUNT_FIELDS if code in detail.fields)

    @property
    def legal_names(self) -> Iterator[str]:
        """Names and full names in all requisites (CLI-03)."""
        for requisite in self.requisites:
            yield from (requisite.fields[name] for name in NAME_FIELDS if name in requisite.fields)

    def _checked(self, requisite: Requisite, known: Sequence[BankDetail], key: str) -> Requisite:
        """Normalise requisites, and recognise those of their accounts that are known."""
        valid = valid_requisite(requisite, self.ref.type)
        accounts = identified(
            valid.bank_details, known, lambda place: derived_id("bank-detail", requisite.id, key, place)
        )
        return valid.model_copy(update={"bank_details": accounts})

    def _set_requisites(self, requisites: Iterable[Requisite], by: str, at: datetime) -> None:
        self.requisites = tuple(sorted(requisites, key=lambda each: each.sort))
        self._touch(by, at)

    def _touch(self, by: str, at: datetime) -> None:
        self.updated_by, self.updated_at = by, at


class _AllRequisites(Value):
    requisites: tuple[Requisite, ...]


def _check_room(changed: Requisite, after: Iterable[Requisite], before: Iterable[Requisite]) -> None:
    """Check that an event can carry all requisites, naming the largest part of the changed ones."""
    parts = ("fields", "addresses", "bank_details")
    largest = max(parts, key=lambda name: len(changed.model_dump_json(include={name})))
    now, was = _AllRequisites(requisites=tuple(after)), _AllRequisites(requisites=tuple(before))
    check_room(largest, now, MAX_REQUISITES_BYTES, before=was)
