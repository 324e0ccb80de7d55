"""What an element type may have besides the other traits: chosen requisites; the rules are in `requisites`."""

from abc import abstractmethod
from datetime import datetime
from typing import TYPE_CHECKING

from crm_contracts.client_field import Client
from crm_contracts.envelope import Event
from crm_contracts.requisites import RequisiteChoice, RequisiteLink

from shared.elements.domain.requisites import ask_again, choose, confirm, refuse
from shared.elements.domain.traits import HasClient


class HasRequisites(HasClient):
    """An element for which requisites of its client and of ours are chosen (REQ-05)."""

    if TYPE_CHECKING:
        requisite_link: RequisiteLink

    def choose_requisites(self, choice: RequisiteChoice, *, by: str, at: datetime) -> None:
        """Choose requisites as a whole; the event asks whether they fit."""
        self._link_requisites(choose(self.requisite_link, choice), by=by, at=at)

    def confirm_requisites(self, *, choice_no: int, by: str, at: datetime) -> None:
        """Confirm that they fit; an answer to another choice changes nothing."""
        self._link_requisites(confirm(self.requisite_link, choice_no), by=by, at=at)

    def refuse_requisites(self, *, choice_no: int, code: str, field: str, by: str, at: datetime) -> None:
        """Choose none, because one does not fit; an answer to another choice changes nothing."""
        self._link_requisites(refuse(self.requisite_link, choice_no, code=code, field=field), by=by, at=at)

    def _client_replaced(self, before: Client, *, by: str, at: datetime) -> None:
        """Ask again where a client was unlinked to whom the requisites may belong."""
        super()._client_replaced(before, by=by, at=at)
        self._link_requisites(ask_again(self.requisite_link, before, self.client), by=by, at=at)

    def _clear(self, by: str, at: datetime) -> None:
        super()._clear(by, at)
        self.requisite_link = RequisiteLink()

    def _link_requisites(self, link: RequisiteLink | None, *, by: str, at: datetime) -> None:
        if link is None or link == self.requisite_link:
            return
        before, self.requisite_link = self.requisite_link, link
        self._touch(by, at)
        self.record(self._requisites_chosen(before, link))

    @abstractmethod
    def _requisites_chosen(self, before: RequisiteLink, after: RequisiteLink) -> Event: ...
