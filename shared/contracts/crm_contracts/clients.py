"""Events about contacts and companies alike, on `crm.clients.events`: merges and requisites."""

from typing import ClassVar

from pydantic import Field

from crm_contracts.envelope import Event
from crm_contracts.requisites import Requisite
from crm_contracts.values import ElementRef, Fields


class TakenOver(Fields):
    """What the next import of a contact or a company is judged by (CONT-08); users do not edit it."""

    origin_version: str | None = Field(
        default=None, examples=["7"], description="of the record in the other system, when it was taken over last"
    )
    edited_here: tuple[str, ...] = Field(
        default=(), examples=[["position"]], description="fields that were corrected here since they were taken over"
    )


class ClientMergeRequested(Event):
    """A contact or a company is about to take over others of its type (DUP-02): a step of the merge.

    Those of `others` that changed at the last moment are left out; what became of it, the merged event says.
    """

    ce_type: ClassVar[str] = "crm.client.merge_requested.v1"
    survivor: ElementRef
    others: tuple[ElementRef, ...]
    merge_id: str


class RequisiteCreated(Event):
    """A contact or a company got requisites (REQ-06); `requisites` is the whole list from now on."""

    ce_type: ClassVar[str] = "crm.requisite.created.v1"
    owner: ElementRef
    requisite: Requisite
    requisites: tuple[Requisite, ...]


class RequisiteChanged(Event):
    """Requisites, their addresses or bank details changed (REQ-06); `requisites` is the whole list from now on."""

    ce_type: ClassVar[str] = "crm.requisite.changed.v1"
    owner: ElementRef
    before: Requisite
    after: Requisite
    requisites: tuple[Requisite, ...]


class RequisiteDeleted(Event):
    """Requisites were removed, with their addresses and bank details (REQ-06); `requisites` are those that are left."""

    ce_type: ClassVar[str] = "crm.requisite.deleted.v1"
    owner: ElementRef
    before: Requisite
    requisites: tuple[Requisite, ...]
