"""The company: an organisation, a client or a seller of ours."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from crm_contracts import elements
from crm_contracts.companies import (
    CompanyCreated,
    CompanyDeleted,
    CompanyMerged,
    CompanyReplaced,
    CompanyResponsibleChanged,
    CompanyState,
    CompanyUpdated,
)
from crm_contracts.envelope import Event
from crm_contracts.values import ElementRef, Money
from pydantic import computed_field

from services.clients.records.domain.client import ClientRecord, Defaults
from services.clients.records.domain.duplicates import account_keys, further_keys
from services.clients.records.domain.errors import NameMissing, NotOurs
from services.clients.records.domain.merge_fields import SELLER_FLAGS
from services.clients.records.domain.search_keys import company_keys
from shared.elements.domain.responsible import NewResponsible


class Company(ClientRecord[CompanyState], CompanyState):
    """An organisation (COMP-01)."""

    NOUN: ClassVar[str] = "company"
    TYPE: ClassVar[elements.ElementType] = elements.COMPANY

    @classmethod
    def defaults(cls, given: Defaults) -> dict[str, Any]:
        """Begin with no revenue as well (COMP-03)."""
        return {**super().defaults(given), "revenue": Money(currency=given.currency)}

    @computed_field  # type: ignore[prop-decorator]
    @property
    def search(self) -> list[str]:
        """Keys that it is found by; a seller of ours is found by none (CLI-03, DUP-03, COMP-08)."""
        if self.deleted_at or self.is_my_company:
            return []
        keys = company_keys([self.title, *self.legal_names], self.phones, self.emails, self.tax_numbers)
        return sorted({*keys, *account_keys(self.accounts), *further_keys(dict(self))})

    @property
    def ref(self) -> ElementRef:
        """Pointer to this company."""
        return ElementRef(type="company", id=self.id, title=self.title)

    def _change(self, changes: Mapping[str, Any], by: str, at: datetime) -> None:
        if any(getattr(self, name) != changes[name] for name in SELLER_FLAGS & changes.keys()):
            self.check_no_merge_running()  # the running merge has checked that the company is a client
        super()._change(changes, by, at)

    def _apply_rules(self) -> None:
        if not self.title:
            raise NameMissing.at("A company needs a title.", "title")
        if self.is_default_my_company and not self.is_my_company:
            raise NotOurs.at("Only a company of ours can be the default seller.", "is_default_my_company")

    def _created(self, link_to: ElementRef | None) -> Event:
        return CompanyCreated(company=self.state, link_to=link_to)

    def _updated(self, before: Any, after: Any) -> Event:
        return CompanyUpdated(company=self.ref, before=before, after=after)

    def _responsible_changed(self, new: NewResponsible) -> Event:
        return CompanyResponsibleChanged(company=self.ref, **new)

    def _deleted(self) -> Event:
        return CompanyDeleted(company=self.ref, before=self.state)

    def _replaced(self, survivor: ElementRef) -> Event:
        return CompanyReplaced(company=self.ref, survivor=survivor, before=self.state)

    def _merged(self, removed: tuple[ElementRef, ...], before: Any, after: Any) -> Event:
        return CompanyMerged(
            survivor=self.ref,
            removed=removed,
            before=before,
            after=after,
            requisites=self.requisites,
            lead_id=self.lead_id,
        )
