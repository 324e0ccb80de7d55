"""How the documents of aggregates are read: as the state that the contract publishes, and what folds need besides.

The services' own classes are not used: fields that no event carries are not verified.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from crm_contracts.conversions import Activities, ConversionRef, LeadSnapshot, LinkedClient
from crm_contracts.deals import DealState
from crm_contracts.departments import DepartmentState
from crm_contracts.dictionaries import DictionaryValue
from crm_contracts.elements import ElementType
from crm_contracts.leads import LeadState
from crm_contracts.pipelines import PipelineState
from crm_contracts.recurrences import Recurrence
from crm_contracts.roles import RoleState
from crm_contracts.settings import ModeConversion, ModeName
from crm_contracts.values import ConversionTarget, ElementRef, OnDuplicate
from pydantic import BaseModel, create_model


class Tombstone(BaseModel):
    """Marks of an element that is deleted, merged into another one, or taking over others."""

    deleted_at: datetime | None = None
    merged_into: str | None = None
    merging: Any = None


class Conversion(BaseModel):
    """The conversion of a lead, as far as events carry it."""

    state: str = "none"
    conversion_id: str = ""
    attempt: int = 0
    forwards_deal: bool = False
    targets: tuple[ConversionTarget, ...] = ()
    on_duplicate: OnDuplicate = "link"
    pipeline_id: str = "default"
    activities: Activities = "complete"
    contact_id: str | None = None
    company_id: str | None = None
    proposed_contact_id: str = ""
    proposed_company_id: str = ""
    proposed_deal_id: str = ""
    snapshot: LeadSnapshot | None = None
    contact: ElementRef | None = None
    company: ElementRef | None = None
    deal: ElementRef | None = None
    candidates: tuple[ElementRef, ...] = ()
    code: str | None = None
    message: str | None = None
    asked_at: datetime | None = None
    correlation_id: str = ""
    traceparent: str | None = None
    started_by: str = ""


class LeadDocument(LeadState, Tombstone):
    """A lead with its conversion."""

    conversion: Conversion = Conversion()


class DealDocument(DealState, Tombstone):
    """A deal with the conversion that asked for it; a template with its schedule."""

    conversion: ConversionRef | None = None
    recurrence: Recurrence | None = None


class RefusalDocument(BaseModel):
    """A deal that was refused to a lead."""

    conversion: ConversionRef
    lead: ElementRef
    code: str
    message: str
    refused_at: datetime


class ResolutionDocument(BaseModel):
    """The client of one attempt of a conversion."""

    lead: ElementRef
    conversion_id: str
    attempt: int
    contact: ElementRef | None = None
    company: ElementRef | None = None
    linked: tuple[LinkedClient, ...] = ()


class DictionaryDocument(BaseModel):
    """A dictionary with its values."""

    values: tuple[DictionaryValue, ...] = ()


class RoleDocument(RoleState, Tombstone):
    """A role."""


class DepartmentDocument(DepartmentState, Tombstone):
    """A department."""


class PipelineDocument(PipelineState, Tombstone):
    """A pipeline with its stages."""


class ModeDocument(BaseModel):
    """The mode of the CRM."""

    mode: ModeName
    conversion: ModeConversion
    changed_by: str
    changed_at: datetime


class BindingsDocument(BaseModel):
    """Elements to which a timeline entry was bound by hand, or from which it was unbound."""

    event_id: str
    bound: tuple[ElementRef, ...] = ()
    unbound: tuple[ElementRef, ...] = ()


_EXTENDED: Final[Mapping[str, type[BaseModel]]] = {"lead": LeadDocument, "deal": DealDocument}


def document_of(element: ElementType) -> type[BaseModel]:
    """Return the class that reads the documents of an element type."""
    extended = _EXTENDED.get(element.noun)
    if extended is not None:
        return extended
    read: type[BaseModel] = create_model(f"{element.noun.capitalize()}Document", __base__=(element.state, Tombstone))
    return read
