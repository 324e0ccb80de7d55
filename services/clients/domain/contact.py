"""The rule book of a contact.

The surprise: the contact owns its links to companies, so that "exactly one primary company" is a rule about a single
document; a company's contacts are a query.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Self

from crm_contracts.contacts import (
    CompanyLink,
    ContactCreated,
    ContactDeleted,
    ContactFields,
    ContactLinked,
    ContactMerged,
    ContactReplaced,
    ContactState,
    ContactUnlinked,
    ContactUpdated,
)
from crm_contracts.envelope import Event
from crm_contracts.requisites import Requisite
from crm_contracts.values import ElementRef, Fields
from pydantic import computed_field

from services.clients.domain.duplicates import FurtherField, account_keys, further_keys
from services.clients.domain.errors import NameMissing
from services.clients.domain.imported import corrected_here, taken_over
from services.clients.domain.mergeable import Mergeable
from services.clients.domain.search import contact_keys
from shared.kit.domain import change_fields


class Contact(Mergeable[ContactState], ContactState):
    """A person (CONT-01)."""

    NOUN: ClassVar[str] = "contact"

    FIELDS: ClassVar[type[Fields]] = ContactFields

    @classmethod
    def create(
        cls,
        id_: str,
        number: int,
        fields: Mapping[str, Any],
        *,
        by: str,
        at: datetime,
        companies: Iterable[CompanyLink] = (),
        requisites: tuple[Requisite, ...] = (),
        origin: tuple[str, str] | None = None,
        lead_id: str | None = None,
        link_to: ElementRef | None = None,
    ) -> Self:
        """A new contact, to be linked to the element that it was created from, if any (CLI-05).

        Raises:
            NameMissing: neither a first nor a last name (CONT-01).
        """
        contact = cls(
            **fields,
            id=id_,
            number=number,
            originator_id=origin[0] if origin else None,
            origin_id=origin[1] if origin else None,
            companies=_with_one_primary(companies),
            requisites=requisites,
            lead_id=lead_id,
            created_at=at,
            created_by=by,
            updated_at=at,
            updated_by=by,
        )
        contact._need_a_name()
        contact.record(ContactCreated(contact=contact.state, link_to=link_to))
        return contact

    @computed_field  # type: ignore[prop-decorator]
    @property
    def search(self) -> list[str]:
        """What it is found by (CLI-03, DUP-03)."""
        if self.deleted_at:
            return []
        also: dict[FurtherField, Any] = {
            "birth_date": self.birth_date or "",
            "websites": self.websites,
            "messengers": self.messengers,
        }
        found_by = contact_keys(self.full_name, self.phones, self.emails, self.tax_numbers)
        return sorted({*found_by, *account_keys(self.accounts), *further_keys(also)})

    @property
    def ref(self) -> ElementRef:
        """Pointer to this contact, titled by its name."""
        return ElementRef(type="contact", id=self.id, title=self.full_name)

    @property
    def state(self) -> ContactState:
        """What everybody may see."""
        return ContactState.model_construct(**{name: getattr(self, name) for name in ContactState.model_fields})

    def correct(self, changes: Mapping[str, Any], *, by: str, at: datetime) -> None:
        """Change fields; what has the value already is no change, and no change is no event.

        Raises:
            NameMissing: no name would be left.
        """
        self._change(corrected_here(self, changes), by, at)

    def take_over(self, changes: Mapping[str, Any], *, by: str, at: datetime) -> None:
        """Change fields to what another system says, `origin_version` among them (CMN-14).

        Raises:
            NameMissing: no name would be left.
            OriginVersionConflict: it would overwrite what was corrected here (CONT-08).
        """
        self._change(taken_over(self, changes), by, at)

    def link(
        self,
        company: ElementRef,
        *,
        position: int,
        by: str,
        at: datetime,
        is_primary: bool | None = None,
        role_id: int = 0,
    ) -> None:
        """Link a company; the first one is primary, and a new primary takes the place of the old (CONT-07, CLI-06)."""
        known = next((link for link in self.companies if link.company_id == company.id), None)
        if known is not None and (is_primary is None or known.is_primary or not is_primary):
            return
        others = [link for link in self.companies if link.company_id != company.id]
        if is_primary:
            others = [link.model_copy(update={"is_primary": False}) for link in others]
        added = known or CompanyLink(
            company_id=company.id,
            title=company.title,
            position=position,
            sort=max((link.sort for link in others), default=0) + 10,
            role_id=role_id,
        )
        self.companies = _with_one_primary([*others, added.model_copy(update={"is_primary": bool(is_primary)})])
        self._touch(by, at)
        self.record(ContactLinked(contact=self.ref, company=company, companies=self.companies))

    def unlink(self, company_id: str, *, by: str, at: datetime) -> None:
        """Unlink a company; without the primary the first remaining one is primary (CLI-06)."""
        gone = next((link for link in self.companies if link.company_id == company_id), None)
        if gone is None:
            return
        self.companies = _with_one_primary(link for link in self.companies if link is not gone)
        self._touch(by, at)
        self.record(ContactUnlinked(contact=self.ref, company=gone.ref, companies=self.companies))

    def replace_company(self, gone: ElementRef, survivor: ElementRef, *, by: str, at: datetime) -> None:
        """Work for the company that another one was merged into: as primary as before, and only once (DUP-02)."""
        old = next((link for link in self.companies if link.company_id == gone.id), None)
        if old is None:
            return
        known = next((link for link in self.companies if link.company_id == survivor.id), old)
        place = {"company_id": survivor.id, "title": survivor.title, "is_primary": known.is_primary or old.is_primary}
        others = [link for link in self.companies if link not in {old, known}]
        self.companies = _with_one_primary([*others, known.model_copy(update=place)])
        self._touch(by, at)
        self.record(ContactUnlinked(contact=self.ref, company=old.ref, companies=self.companies))
        self.record(ContactLinked(contact=self.ref, company=survivor, companies=self.companies))

    def delete(self, *, by: str, at: datetime) -> None:
        """End it, with its links (COMP-10).

        Raises:
            MergeRunning: it is taking over others (DUP-02).
        """
        self.must_stay()
        ended = ContactDeleted(contact=self.ref, before=self.state)
        self._vanish(ContactFields, by, at)
        self.record(ended)

    def _change(self, changes: Mapping[str, Any], by: str, at: datetime) -> None:
        changed = change_fields(self, changes, ContactFields)
        if changed:
            self._need_a_name()
            self._touch(by, at)
            self.record(ContactUpdated(contact=self.ref, before=changed[0], after=changed[1]))

    def _replaced(self, survivor: ElementRef) -> Event:
        return ContactReplaced(contact=self.ref, survivor=survivor, before=self.state)

    def _vanish(self, fields: type[Fields], by: str, at: datetime) -> None:
        super()._vanish(fields, by, at)
        self.companies = ()

    def _merged(self, removed: tuple[ElementRef, ...], before: Any, after: Any) -> Event:
        return ContactMerged(
            survivor=self.ref,
            removed=removed,
            before=before,
            after=after,
            companies=self.companies,
            requisites=self.requisites,
        )

    def _take_links(self, states: Sequence[ContactState]) -> None:
        """Their companies after its own; its own primary stays (CONT-07)."""
        links = {link.company_id: link for link in self.companies}
        has_primary = bool(links)
        for link in (link for state in states for link in state.companies):
            last = max((known.sort for known in links.values()), default=0)
            added = link.model_copy(update={"sort": last + 10, "is_primary": link.is_primary and not has_primary})
            if link.company_id not in links:
                links[link.company_id] = added
                has_primary = has_primary or added.is_primary
        self.companies = _with_one_primary(links.values())

    def _need_a_name(self) -> None:
        if not (self.first_name or self.last_name):
            message = "A contact needs a first or a last name."
            errors = [
                {"field": name, "code": NameMissing.code, "message": message} for name in ("first_name", "last_name")
            ]
            raise NameMissing(message, {"errors": errors})

    def _touch(self, by: str, at: datetime) -> None:
        self.updated_by, self.updated_at = by, at


def _with_one_primary(links: Iterable[CompanyLink]) -> tuple[CompanyLink, ...]:
    ordered = sorted(links, key=lambda link: link.sort)
    primary = next((link for link in ordered if link.is_primary), ordered[0] if ordered else None)
    return tuple(link.model_copy(update={"is_primary": link is primary}) for link in ordered)
