"""The contact: a person, with links to the companies that it works for."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar, Self

from crm_contracts import elements
from crm_contracts.contacts import (
    ContactCreated,
    ContactDeleted,
    ContactLinked,
    ContactMerged,
    ContactReplaced,
    ContactResponsibleChanged,
    ContactState,
    ContactUnlinked,
    ContactUpdated,
)
from crm_contracts.envelope import Event
from crm_contracts.values import ElementRef
from pydantic import computed_field

from services.clients.records.domain.client import ClientRecord
from services.clients.records.domain.duplicates import account_keys, further_keys
from services.clients.records.domain.employment import (
    find_link,
    join_links,
    link_company,
    replace_company,
    unlink_company,
)
from services.clients.records.domain.errors import NameMissing
from services.clients.records.domain.search_keys import contact_keys
from shared.elements.domain.client_names import Names, renamed
from shared.elements.domain.ordered_links import with_one_primary
from shared.elements.domain.responsible import NewResponsible


class Contact(ClientRecord[ContactState], ContactState):
    """A person (CONT-01)."""

    NOUN: ClassVar[str] = "contact"
    TYPE: ClassVar[elements.ElementType] = elements.CONTACT

    @computed_field  # type: ignore[prop-decorator]
    @property
    def search(self) -> list[str]:
        """Keys that it is found by (CLI-03, DUP-03)."""
        if self.deleted_at:
            return []
        keys = contact_keys(self.full_name, self.phones, self.emails, self.tax_numbers)
        return sorted({*keys, *account_keys(self.accounts), *further_keys(dict(self))})

    @property
    def ref(self) -> ElementRef:
        """Pointer to this contact, titled by its name."""
        return ElementRef(type="contact", id=self.id, title=self.full_name)

    @property
    def linked_companies(self) -> tuple[ElementRef, ...]:
        """The companies that it works for."""
        return tuple(link.ref for link in self.companies)

    def with_company_names(self, names: Names, *, hides_others: bool = False) -> Self:
        """Copy it for an answer, with the current names of these companies; without those of others, where hidden."""
        titles = (names.get(str(ref)) if hides_others else renamed(ref, names).title for ref in self.linked_companies)
        named = (link.model_copy(update={"title": title}) for link, title in zip(self.companies, titles, strict=True))
        return self.model_copy(update={"companies": tuple(named)})

    def link(
        self,
        company: ElementRef,
        *,
        position: int,
        by: str,
        at: datetime,
        is_primary: bool | None = None,
        role_id: int | None = None,
    ) -> None:
        """Link a company, or change how it is linked; linked so already, nothing changes (CONT-07, CLI-06).

        `position` is its place among the contacts of the company, if the link is new.

        Raises:
            TooManyCompanies: it has the maximum number.
            PrimaryNeeded: its primary company would be primary no longer.
            MergeRunning: it would have too many with those that it is taking over.
        """
        links = link_company(self.companies, company, position=position, is_primary=is_primary, role_id=role_id)
        if links is None:
            return
        self.companies = links
        self.check_room()
        self._touch(by, at)
        self.record(ContactLinked(contact=self.ref, company=company, companies=links))

    def unlink(self, company_id: str, *, by: str, at: datetime) -> None:
        """Unlink a company; without a primary the first remaining one becomes primary (CLI-06)."""
        gone = find_link(self.companies, company_id)
        if gone is None:
            return
        self.companies = unlink_company(self.companies, gone)
        self._touch(by, at)
        self.record(ContactUnlinked(contact=self.ref, company=gone.ref, companies=self.companies))

    def replace_company(self, gone: ElementRef, survivor: ElementRef, *, last: int, by: str, at: datetime) -> None:
        """Replace a merged company by its survivor; `last` is the greatest position among its contacts (DUP-02)."""
        old = find_link(self.companies, gone.id)
        if old is None:
            return
        self.companies = replace_company(self.companies, old, survivor, last=last)
        self._touch(by, at)
        self.record(ContactUnlinked(contact=self.ref, company=old.ref, companies=self.companies))
        self.record(ContactLinked(contact=self.ref, company=survivor, companies=self.companies))

    def _apply_rules(self) -> None:
        self.companies = with_one_primary(self.companies)
        if not (self.first_name or self.last_name):
            raise NameMissing.at("A contact needs a first or a last name.", "first_name", "last_name")

    def _clear(self, by: str, at: datetime) -> None:
        super()._clear(by, at)
        self.companies = ()

    def _join_links(self, states: Sequence[ContactState]) -> None:
        self.companies = join_links(self.companies, [link for state in states for link in state.companies])

    def _created(self, link_to: ElementRef | None) -> Event:
        return ContactCreated(contact=self.state, link_to=link_to)

    def _updated(self, before: Any, after: Any) -> Event:
        return ContactUpdated(contact=self.ref, before=before, after=after)

    def _responsible_changed(self, new: NewResponsible) -> Event:
        return ContactResponsibleChanged(contact=self.ref, **new)

    def _deleted(self) -> Event:
        return ContactDeleted(contact=self.ref, before=self.state)

    def _replaced(self, survivor: ElementRef) -> Event:
        return ContactReplaced(contact=self.ref, survivor=survivor, before=self.state)

    def _merged(self, removed: tuple[ElementRef, ...], before: Any, after: Any) -> Event:
        return ContactMerged(
            survivor=self.ref,
            removed=removed,
            before=before,
            after=after,
            companies=self.companies,
            requisites=self.requisites,
            lead_id=self.lead_id,
        )
