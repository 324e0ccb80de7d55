"""The events of a lead, as the traits of its type record them."""

from typing import Any

from crm_contracts.client_field import Client
from crm_contracts.envelope import Event
from crm_contracts.leads import (
    LeadClientChanged,
    LeadCompanyUnlinked,
    LeadContactsAttached,
    LeadContactsChecked,
    LeadCreated,
    LeadDeleted,
    LeadProductRowsChanged,
    LeadResponsibleChanged,
    LeadStageChanged,
    LeadState,
    LeadUpdated,
)
from crm_contracts.product_rows import Priced
from crm_contracts.values import ElementRef

from shared.elements.domain.client_answers import Attachment, ContactCheck
from shared.elements.domain.element import state_of
from shared.elements.domain.responsible import NewResponsible
from shared.elements.domain.sales_element import SalesElement
from shared.elements.domain.traits import StageMove
from shared.kit.timers.timer import HasTimers


class LeadEvents(SalesElement, HasTimers, LeadState):
    """What a lead publishes of each change."""

    @property
    def state(self) -> LeadState:
        """What its events and answers show."""
        return state_of(self, LeadState)

    def _created(self) -> Event:
        return LeadCreated(lead=self.state)

    def _updated(self, before: Any, after: Any) -> Event:
        return LeadUpdated(lead=self.ref, before=before, after=after)

    def _deleted(self) -> Event:
        return LeadDeleted(lead=self.ref, before=self.state)

    def _responsible_changed(self, new: NewResponsible) -> Event:
        return LeadResponsibleChanged(lead=self.ref, **new)

    def _stage_changed(self, move: StageMove) -> Event:
        return LeadStageChanged(lead=self.ref, **move)

    def _rows_changed(self, before: Priced, after: Priced) -> Event:
        return LeadProductRowsChanged(lead=self.ref, before=before, after=after)

    def _client_changed(self, before: Client, after: Client) -> Event:
        return LeadClientChanged(lead=self.ref, before=before, after=after, is_repeat=self.is_repeat)

    def _contacts_attached(self, new: Attachment) -> Event:
        return LeadContactsAttached(lead=self.ref, attached=new.attached, detached=new.detached, client=new.client)

    def _contacts_checked(self, new: ContactCheck) -> Event:
        return LeadContactsChecked(lead=self.ref, is_repeat=self.is_repeat, **new.published)

    def _company_refused(self, client: Client, company: ElementRef, code: str) -> Event:
        return LeadCompanyUnlinked(lead=self.ref, company=company, code=code, client=client, is_repeat=self.is_repeat)
