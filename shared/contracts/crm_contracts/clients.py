"""Events about contacts and companies alike, on `crm.clients.events`: merges and requisites."""

from typing import ClassVar

from crm_contracts.events import ElementEvent
from crm_contracts.requisites import Requisite
from crm_contracts.values import ElementRef


class ClientMergeRequested(ElementEvent):
    """A contact or a company is about to take over others of its type (DUP-02): a step of the merge.

    Those of `others` that changed at the last moment are left out; what became of it, the merged event says.
    """

    ce_type: ClassVar[str] = "crm.client.merge_requested.v1"
    survivor: ElementRef
    others: tuple[ElementRef, ...]
    merge_id: str

    @property
    def element(self) -> ElementRef:
        """The survivor."""
        return self.survivor


class RequisiteEvent(ElementEvent):
    """An event about the requisites of a contact or a company."""

    owner: ElementRef

    @property
    def element(self) -> ElementRef:
        """The owner."""
        return self.owner


class RequisiteCreated(RequisiteEvent):
    """A contact or a company got requisites (REQ-06); `requisites` is the whole list from now on."""

    ce_type: ClassVar[str] = "crm.requisite.created.v1"
    requisite: Requisite
    requisites: tuple[Requisite, ...]


class RequisiteChanged(RequisiteEvent):
    """Requisites, their addresses or bank details changed (REQ-06); `requisites` is the whole list from now on."""

    ce_type: ClassVar[str] = "crm.requisite.changed.v1"
    before: Requisite
    after: Requisite
    requisites: tuple[Requisite, ...]


class RequisiteDeleted(RequisiteEvent):
    """Requisites were removed, with their addresses and bank details (REQ-06); `requisites` are those that are left."""

    ce_type: ClassVar[str] = "crm.requisite.deleted.v1"
    before: Requisite
    requisites: tuple[Requisite, ...]
