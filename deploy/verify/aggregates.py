"""List the aggregates to verify: all element types of the contract, and the aggregates that are no elements."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from crm_contracts.client_answers import LeadClientRefused, LeadClientResolved
from crm_contracts.deal_answers import LeadDealRefused
from crm_contracts.elements import ELEMENTS, Trait
from crm_contracts.envelope import Envelope, Event
from crm_contracts.events import ElementEvent
from crm_contracts.timeline import TimelineEntryBound, TimelineEntryUnbound
from pydantic import BaseModel

from deploy.verify.documents import (
    BindingsDocument,
    DepartmentDocument,
    DictionaryDocument,
    ModeDocument,
    PipelineDocument,
    RefusalDocument,
    ResolutionDocument,
    RoleDocument,
    document_of,
)


@dataclass(frozen=True)
class AggregateType:
    """One type of aggregate.

    Attributes:
        noun: in subjects of findings: `lead` of `lead:0199f2a4-…`.
        service: that stores it.
        collection: of the service's database.
        document: class that reads its documents.
        has: traits of its element type.
        publishes: its events, where they do not name their element themselves.
    """

    noun: str
    service: str
    collection: str
    document: type[BaseModel]
    has: frozenset[Trait] = frozenset()
    publishes: tuple[type[Event], ...] = ()


_OTHERS: Final = (
    AggregateType("dictionary", "catalog", "dictionaries", DictionaryDocument),
    AggregateType("role", "catalog", "roles", RoleDocument),
    AggregateType("department", "catalog", "departments", DepartmentDocument),
    AggregateType("settings", "leads", "settings", ModeDocument),
    AggregateType("pipeline", "deals", "pipelines", PipelineDocument),
    AggregateType("refusal", "deals", "refusals", RefusalDocument, publishes=(LeadDealRefused,)),
    AggregateType(
        "resolution",
        "clients",
        "resolutions",
        ResolutionDocument,
        publishes=(LeadClientResolved, LeadClientRefused),
    ),
    AggregateType(
        "bindings", "timeline", "bindings", BindingsDocument, publishes=(TimelineEntryBound, TimelineEntryUnbound)
    ),
)

_STAGES_OF_LEADS: Final = AggregateType("dictionary", "leads", "lead_stages", DictionaryDocument)
"""A dictionary like those of catalog, where leads are (DICT-04)."""

AGGREGATES: Final[Mapping[str, AggregateType]] = {
    **{
        noun: AggregateType(noun, element.service, element.plural, document_of(element), element.has)
        for noun, element in ELEMENTS.items()
    },
    **{each.noun: each for each in _OTHERS},
}
"""Every type by its noun."""
STORED: Final = (*AGGREGATES.values(), _STAGES_OF_LEADS)
"""Every type wherever it is stored: there are dictionaries in two places."""

_PUBLISHERS: Final = {event: each.noun for each in _OTHERS for event in each.publishes}


def noun_of(event: Envelope[Event]) -> str:
    """Return the noun of the aggregate that published an event with a sequence."""
    data = event.data
    return data.element.type if isinstance(data, ElementEvent) else _PUBLISHERS[type(data)]


def subject_of(event: Envelope[Event]) -> str:
    """Return the aggregate that published an event with a sequence, as findings name it."""
    return f"{noun_of(event)}:{event.subject}"
