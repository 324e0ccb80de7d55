"""The rules of requisites: legal details, addresses and bank accounts of a contact or a company (REQ-01 to REQ-04).

The surprise: they stand in their owner's document, so a change of one is a change of the owner, with its version and
its place in the owner's history.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Final, Literal

from crm_contracts.clients import RequisiteChanged, RequisiteCreated, RequisiteDeleted
from crm_contracts.requisites import BankDetail, Requisite
from crm_contracts.values import ElementRef, Fields

from services.clients.domain.duplicates import ACCOUNT_FIELDS
from services.clients.domain.errors import RequisiteNotValid, TooManyRequisites
from services.clients.domain.presets import BANK_FIELDS, PRESETS, Preset, PresetField, checked
from shared.kit.domain import Aggregate, NotFound

MAX_REQUISITES: Final = 20
NAME_FIELDS: Final = ("RQ_COMPANY_NAME", "RQ_COMPANY_FULL_NAME")

Problem = dict[str, str]


class _Origin(Fields):
    originator_id: str | None = None
    origin_id: str | None = None


class RequisiteOwner(Aggregate):
    """A contact or a company, as far as its requisites go."""

    requisites: tuple[Requisite, ...] = ()
    updated_at: datetime
    updated_by: str

    @property
    def ref(self) -> ElementRef:
        """Pointer to the owner."""
        raise NotImplementedError

    def _vanish(self, fields: type[Fields], by: str, at: datetime) -> None:
        """Leave nothing but the id and the number: what was known of it stands in the event of its end alone."""
        for kind in (fields, _Origin):
            for name, info in kind.model_fields.items():
                setattr(self, name, info.get_default(call_default_factory=True))
        self.requisites = ()
        self.deleted_at = at
        self.updated_by, self.updated_at = by, at

    def add_requisite(self, requisite: Requisite, *, by: str, at: datetime) -> None:
        """Add one; the same again changes nothing.

        Raises:
            RequisiteNotValid: naming every wrong field.
            TooManyRequisites: there is no room for one more.
        """
        if any(known.id == requisite.id for known in self.requisites):
            return
        if len(self.requisites) >= MAX_REQUISITES:
            message = f"At most {MAX_REQUISITES} requisites."
            raise TooManyRequisites(message)
        added = self._valid(requisite)
        self._keep((*self.requisites, added), by, at)
        self.record(RequisiteCreated(owner=self.ref, requisite=added, requisites=self.requisites))

    def change_requisite(self, requisite: Requisite, *, by: str, at: datetime) -> None:
        """Put it in the place of the one with its id; what is so already is no change.

        Raises:
            NotFound: there is none with its id.
            RequisiteNotValid: naming every wrong field.
        """
        before = self.requisite(requisite.id)
        after = self._valid(requisite)
        if after == before:
            return
        self._keep((after if known is before else known for known in self.requisites), by, at)
        self.record(RequisiteChanged(owner=self.ref, before=before, after=after, requisites=self.requisites))

    def remove_requisite(self, id_: str, *, by: str, at: datetime) -> None:
        """Remove it.

        Raises:
            NotFound: there is none with this id.
        """
        before = self.requisite(id_)
        self._keep((known for known in self.requisites if known is not before), by, at)
        self.record(RequisiteDeleted(owner=self.ref, before=before, requisites=self.requisites))

    def requisite(self, id_: str) -> Requisite:
        """The one with this id.

        Raises:
            NotFound: there is none.
        """
        for known in self.requisites:
            if known.id == id_:
                return known
        message = f"There is no requisite {id_}."
        raise NotFound(message)

    @property
    def tax_numbers(self) -> Iterator[str]:
        """Of all requisites, as they are kept (REQ-02)."""
        for requisite in self.requisites:
            preset = PRESETS.get(requisite.preset_id or "")
            for code, value in requisite.fields.items():
                if preset and (field := preset.field(code)) and field.is_tax_number:
                    yield value

    @property
    def accounts(self) -> Iterator[str]:
        """Numbers of all bank accounts, as they are kept (REQ-04)."""
        details = (detail for requisite in self.requisites for detail in requisite.bank_details)
        yield from (detail.fields[code] for detail in details for code in ACCOUNT_FIELDS if code in detail.fields)

    @property
    def legal_names(self) -> Iterator[str]:
        """Names and full names of all requisites (CLI-03)."""
        for requisite in self.requisites:
            yield from (requisite.fields[name] for name in NAME_FIELDS if name in requisite.fields)

    def _keep(self, requisites: Iterable[Requisite], by: str, at: datetime) -> None:
        self.requisites = tuple(sorted(requisites, key=lambda each: each.sort))
        self.updated_by, self.updated_at = by, at

    def _valid(self, requisite: Requisite) -> Requisite:
        return valid_requisite(requisite, self.ref.type)


def valid_requisite(requisite: Requisite, owner_type: str) -> Requisite:
    """With its values as they are kept.

    Raises:
        RequisiteNotValid: naming every wrong field.
    """
    problems: list[Problem] = []
    preset = _preset(requisite, owner_type, problems)
    fields = _values(requisite.fields, preset.field if preset else lambda _: None, "fields", problems)
    details = tuple(
        _valid_bank_detail(detail, preset, f"bank_details.{place}", problems)
        for place, detail in enumerate(requisite.bank_details)
    )
    counts = Counter(address.type for address in requisite.addresses)
    for place, address in enumerate(requisite.addresses):
        if counts[address.type] > 1:
            problems.append(_problem(f"addresses.{place}.type", "twice", "one address of each type (REQ-03)"))
    if problems:
        raise RequisiteNotValid("Some fields of the requisite are not valid.", {"errors": problems})
    return requisite.model_copy(
        update={"fields": fields, "bank_details": details, "country_code": preset.country_code if preset else None}
    )


def _preset(requisite: Requisite, owner_type: str, problems: list[Problem]) -> Preset | None:
    if requisite.preset_id is None:
        if not requisite.address_only:
            problems.append(_problem("preset_id", "missing", "only a carrier of addresses has no preset"))
        return None
    preset = PRESETS.get(requisite.preset_id)
    if preset is None or preset.owner_type != owner_type:
        problems.append(_problem("preset_id", "unknown", f"there is no such preset for a {owner_type}"))
        return None
    return preset


def _valid_bank_detail(detail: BankDetail, preset: Preset | None, place: str, problems: list[Problem]) -> BankDetail:
    country = preset.country_code if preset else None
    if detail.country_code not in {None, country}:
        problems.append(_problem(f"{place}.country_code", "another_country", "must be the country of the preset"))
    fields = _values(detail.fields, BANK_FIELDS.get, f"{place}.fields", problems)
    return detail.model_copy(update={"fields": fields, "country_code": country})


def _values(
    given: Mapping[str, str], field_of: Callable[[str], PresetField | None], place: str, problems: list[Problem]
) -> dict[str, str]:
    kept: dict[str, str] = {}
    for code, value in given.items():
        field = field_of(code)
        found = checked(field, value) if field else None
        if field is None:
            problems.append(_problem(f"{place}.{code}", "unknown", "no field of this preset"))
        elif found is None:
            problems.append(_problem(f"{place}.{code}", "not_valid", f"not a valid {field.title}"))
        else:
            kept[code] = found
    return kept


def _problem(
    field: str, code: Literal["missing", "unknown", "twice", "another_country", "not_valid"], why: str
) -> Problem:
    return {"field": field, "code": code, "message": why}
