"""What clients knows of the elements of others: whom they are linked to, and where a lead can be reached.

The surprise: an element's name, its client and its contact data are heard of in different events, so each has the
sequence of the event that told it last, and an old event heard late changes nothing that a newer one told.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal, TypeVar

from crm_contracts.client_field import Client
from crm_contracts.conversions import LeadConverted
from crm_contracts.deals import (
    DealClientChanged,
    DealCompanyUnlinked,
    DealContactsAttached,
    DealCreated,
    DealRequisitesChosen,
    DealUpdated,
)
from crm_contracts.envelope import Event
from crm_contracts.leads import (
    LeadClientChanged,
    LeadCompanyUnlinked,
    LeadContactsAttached,
    LeadCreated,
    LeadUpdated,
)
from crm_contracts.values import ContactPoint, ElementRef, Value

from services.clients.domain.choice import Choice
from services.clients.domain.search import words_of

E = TypeVar("E", bound=Event)

Linking = Literal["lead", "deal"]
"""Types of elements whose Client field takes whoever is created from it (CLI-05); to write them is `<type>s:write`."""


class Element(Value):
    """A lead, a deal or whatever else links clients, as its clients show it (CLI-01)."""

    id: str
    type: str
    title: str | None = None
    at: datetime
    company_id: str | None = None
    contact_ids: tuple[str, ...] = ()

    @property
    def ref(self) -> ElementRef:
        """Pointer to it."""
        return ElementRef(type=self.type, id=self.id, title=self.title)


@dataclass(frozen=True)
class News:
    """What one event says of one element; what it does not speak of is None.

    Attributes:
        client: its Client field from now on.
        title: its name from now on.
        phones: normalised; of an element that can be a duplicate itself.
        emails: as well.
        names: what else it can be recognised by, by field, each in plain words (DUP-03).
        choice: the requisites that it chose (REQ-05).
    """

    ref: ElementRef
    client: Client | None = None
    title: str | None = None
    phones: tuple[str, ...] | None = None
    emails: tuple[str, ...] | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    choice: Choice | None = None


NAMES: Final = ("first_name", "last_name", "company_title")


def _names(fields: Any, given: Iterable[str]) -> dict[str, str]:
    return {name: " ".join(words_of(getattr(fields, name) or "")) for name in NAMES if name in given}


def _normalized(points: tuple[ContactPoint, ...]) -> tuple[str, ...]:
    return tuple(point.normalized for point in points if point.normalized)


def _lead_created(said: LeadCreated) -> News:
    lead = said.lead
    ref = ElementRef(type="lead", id=lead.id, title=lead.title)
    return News(
        ref, lead.client, lead.title, _normalized(lead.phones), _normalized(lead.emails), names=_names(lead, NAMES)
    )


def _lead_updated(said: LeadUpdated) -> News:
    after, changed = said.after, said.after.model_fields_set
    return News(
        said.lead,
        title=after.title if "title" in changed else None,
        phones=_normalized(after.phones) if "phones" in changed else None,
        emails=_normalized(after.emails) if "emails" in changed else None,
        names=_names(after, changed),
    )


def _deal_created(said: DealCreated) -> News:
    deal = said.deal
    return News(ElementRef(type="deal", id=deal.id, title=deal.title), deal.client, deal.title)


def _deal_updated(said: DealUpdated) -> News:
    return News(said.deal, title=said.after.title if "title" in said.after.model_fields_set else None)


NEWS: Final[Mapping[type[Event], Callable[[Any], News]]] = {
    LeadCreated: _lead_created,
    LeadUpdated: _lead_updated,
    LeadClientChanged: lambda said: News(said.lead, said.after),
    LeadContactsAttached: lambda said: News(said.lead, said.client),
    LeadCompanyUnlinked: lambda said: News(said.lead, said.client),
    LeadConverted: lambda said: News(said.lead, said.client),
    DealCreated: _deal_created,
    DealUpdated: _deal_updated,
    DealClientChanged: lambda said: News(said.deal, said.after),
    DealContactsAttached: lambda said: News(said.deal, said.client),
    DealCompanyUnlinked: lambda said: News(said.deal, said.client),
    DealRequisitesChosen: lambda said: News(said.deal, choice=Choice(said.after, said.clients)),
}
"""How each type of element says whom it is linked to and which requisites it chose.

That is all that a new type has to tell clients about itself.
"""
