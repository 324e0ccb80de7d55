"""The rule book of a company."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Self

from crm_contracts.companies import (
    CompanyCreated,
    CompanyDeleted,
    CompanyFields,
    CompanyMerged,
    CompanyReplaced,
    CompanyState,
    CompanyUpdated,
)
from crm_contracts.envelope import Event
from crm_contracts.requisites import Requisite
from crm_contracts.values import ElementRef, Fields
from pydantic import computed_field

from services.clients.domain.duplicates import FurtherField, account_keys, further_keys
from services.clients.domain.errors import NameMissing, NotOurs
from services.clients.domain.imported import corrected_here, taken_over
from services.clients.domain.mergeable import Mergeable
from services.clients.domain.merging import OF_SELLERS
from services.clients.domain.search import company_keys
from shared.kit.domain import change_fields


class Company(Mergeable[CompanyState], CompanyState):
    """An organisation (COMP-01)."""

    NOUN: ClassVar[str] = "company"

    FIELDS: ClassVar[type[Fields]] = CompanyFields

    @classmethod
    def create(
        cls,
        id_: str,
        number: int,
        fields: Mapping[str, Any],
        *,
        by: str,
        at: datetime,
        requisites: tuple[Requisite, ...] = (),
        origin: tuple[str, str] | None = None,
        lead_id: str | None = None,
        link_to: ElementRef | None = None,
    ) -> Self:
        """A new company, to be linked to the element that it was created from, if any (CLI-05).

        Raises:
            NameMissing: no title (COMP-01).
            NotOurs: a client as the default seller (COMP-08).
        """
        company = cls(
            **fields,
            id=id_,
            number=number,
            originator_id=origin[0] if origin else None,
            origin_id=origin[1] if origin else None,
            requisites=requisites,
            lead_id=lead_id,
            created_at=at,
            created_by=by,
            updated_at=at,
            updated_by=by,
        )
        company._need_a_title()
        company._sell_only_if_ours()
        company.record(CompanyCreated(company=company.state, link_to=link_to))
        return company

    @computed_field  # type: ignore[prop-decorator]
    @property
    def search(self) -> list[str]:
        """What it is found by (CLI-03, DUP-03)."""
        if self.deleted_at or self.is_my_company:
            return []
        also: dict[FurtherField, Any] = {"websites": self.websites, "messengers": self.messengers}
        found_by = company_keys([self.title, *self.legal_names], self.phones, self.emails, self.tax_numbers)
        return sorted({*found_by, *account_keys(self.accounts), *further_keys(also)})

    @property
    def ref(self) -> ElementRef:
        """Pointer to this company."""
        return ElementRef(type="company", id=self.id, title=self.title)

    @property
    def state(self) -> CompanyState:
        """What everybody may see."""
        return CompanyState.model_construct(**{name: getattr(self, name) for name in CompanyState.model_fields})

    def correct(self, changes: Mapping[str, Any], *, by: str, at: datetime) -> None:
        """Change fields; what has the value already is no change, and no change is no event.

        Raises:
            NameMissing: no title would be left.
            NotOurs: a client would be the default seller.
        """
        self._change(corrected_here(self, changes), by, at)

    def take_over(self, changes: Mapping[str, Any], *, by: str, at: datetime) -> None:
        """Change fields to what another system says, `origin_version` among them (CMN-14).

        Raises:
            NameMissing: no title would be left.
            NotOurs: a client would be the default seller.
            OriginVersionConflict: it would overwrite what was corrected here (CONT-08).
        """
        self._change(taken_over(self, changes), by, at)

    def delete(self, *, by: str, at: datetime) -> None:
        """End it; its contacts stay (COMP-10).

        Raises:
            MergeRunning: it is taking over others (DUP-02).
        """
        self.must_stay()
        ended = CompanyDeleted(company=self.ref, before=self.state)
        self._vanish(CompanyFields, by, at)
        self.record(ended)

    def _change(self, changes: Mapping[str, Any], by: str, at: datetime) -> None:
        changed = change_fields(self, changes, CompanyFields)
        if changed:
            if OF_SELLERS & changed[1].model_fields_set:
                self.must_stay()  # a client, until the merge of clients is done
            self._need_a_title()
            self._sell_only_if_ours()
            self.updated_by, self.updated_at = by, at
            self.record(CompanyUpdated(company=self.ref, before=changed[0], after=changed[1]))

    def _replaced(self, survivor: ElementRef) -> Event:
        return CompanyReplaced(company=self.ref, survivor=survivor, before=self.state)

    def _merged(self, removed: tuple[ElementRef, ...], before: Any, after: Any) -> Event:
        return CompanyMerged(survivor=self.ref, removed=removed, before=before, after=after, requisites=self.requisites)

    def _sell_only_if_ours(self) -> None:
        if self.is_default_my_company and not self.is_my_company:
            message = "Only a company of ours can be the default seller."
            raise NotOurs(
                message, {"errors": [{"field": "is_default_my_company", "code": NotOurs.code, "message": message}]}
            )

    def _need_a_title(self) -> None:
        if not self.title:
            message = "A company needs a title."
            raise NameMissing(message, {"errors": [{"field": "title", "code": NameMissing.code, "message": message}]})
