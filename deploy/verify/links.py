"""Contacts that a linked company brought are as the log says, on every deal and every lead (CLI-07).

Three places must agree: the answer of the clients service, the event that attached its contacts, and the document.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from crm_contracts.client_answers import ElementContactsResolved
from crm_contracts.client_field import Client
from crm_contracts.conversions import LeadConverted
from crm_contracts.deals import (
    DealClientChanged,
    DealCompanyUnlinked,
    DealContactsAttached,
    DealCreated,
)
from crm_contracts.envelope import Envelope, Event
from crm_contracts.leads import LeadClientChanged, LeadCompanyUnlinked, LeadContactsAttached, LeadCreated

from deploy.verify.findings import Finding
from deploy.verify.invariant import Invariant, Seen


class _Attached(NamedTuple):
    """A company's contacts were attached to an element."""

    element: str
    link_no: int
    company: str
    contacts: frozenset[str]
    is_automatic: bool


class _Link(NamedTuple):
    """The Client field of an element, as far as a company brought it."""

    link_no: int
    company: str | None
    brought: frozenset[str]


class Links(Invariant):
    """A link that is asked for twice gets two answers, of which the element takes one."""

    name = "links"
    promise = "every deal's and lead's company-linked contacts are as the log says"

    def __init__(self, *, now: datetime, patience: timedelta) -> None:
        """A link that has been pending for longer than `patience` stands still."""
        super().__init__()
        self._now, self._patience = now, patience
        self._links: dict[str, _Link] = {}
        self._asked: dict[str, tuple[int, datetime]] = {}
        self._attached: list[_Attached] = []
        self._answers: dict[tuple[str, int], list[tuple[str, frozenset[str]]]] = {}
        self._wrong: list[Finding] = []

    def subscribe(self, event: Envelope[Event]) -> None:
        said = event.data
        if isinstance(said, ElementContactsResolved):
            answer = said.company.id, frozenset(ref.id for ref in said.contacts)
            self._answers.setdefault((str(said.element), said.link_no), []).append(answer)
            return
        if type(said) not in _CLIENTS:
            return
        element, client = _CLIENTS[type(said)](said)
        self._remember(element, client, event.time)
        if isinstance(said, (LeadContactsAttached, DealContactsAttached)) and client.company is not None:
            contacts = frozenset(link.contact_id for link in client.contacts)
            attached = _Attached(element, client.link_no, client.company.id, contacts, client.auto_link_contacts)
            self._attached.append(attached)

    def see(self, seen: Seen) -> None:
        if seen.kind.name not in {"lead", "deal"}:
            return
        for event in seen.pending(0):
            self.subscribe(event)
        client: Client = seen.aggregate.client
        said = self._links.pop(seen.subject, None)
        if client.link_state == "pending":
            self.counts["company links pending"] += 1
            self._stands_still(seen.subject)
        if client.company is None and said is None:
            return
        self.checked += 1
        if said != _link(client):
            self._wrong.append(self._finding(seen.subject, "has not the company and the contacts of it that it said"))

    def broken(self) -> Iterator[Finding]:
        yield from self._wrong
        for attached in self._attached:
            answers = self._answers.get((attached.element, attached.link_no), [])
            offered = [contacts for company, contacts in answers if company == attached.company]
            if not offered:
                detail = f"took contacts of company:{attached.company}, which nobody answered"
                yield self._finding(attached.element, detail)
            elif attached.is_automatic and not any(contacts <= attached.contacts for contacts in offered):
                detail = f"lacks contacts that company:{attached.company} had when it was linked"
                yield self._finding(attached.element, detail)

    def _remember(self, element: str, client: Client, at: datetime) -> None:
        self._links[element] = _link(client)
        if client.link_state == "pending" and self._asked.get(element, (0, at))[0] != client.link_no:
            self._asked[element] = client.link_no, at

    def _stands_still(self, element: str) -> None:
        _, since = self._asked.get(element, (0, self._now))
        if self._now - since > self._patience:
            self._wrong.append(self._finding(element, "waits in vain for the contacts of its company"))


def _link(client: Client) -> _Link:
    brought = frozenset(link.contact_id for link in client.contacts if link.auto_linked_from is not None)
    return _Link(client.link_no, client.company.id if client.company else None, brought)


def _created(noun: str) -> Callable[[Any], tuple[str, Client]]:
    return lambda said: (f"{noun}:{getattr(said, noun).id}", getattr(said, noun).client)


def _changed(noun: str, name: str = "client") -> Callable[[Any], tuple[str, Client]]:
    return lambda said: (str(getattr(said, noun)), getattr(said, name))


_CLIENTS: Final[Mapping[type[Event], Callable[[Any], tuple[str, Client]]]] = {
    LeadCreated: _created("lead"),
    LeadClientChanged: _changed("lead", "after"),
    LeadContactsAttached: _changed("lead"),
    LeadCompanyUnlinked: _changed("lead"),
    LeadConverted: _changed("lead"),
    DealCreated: _created("deal"),
    DealClientChanged: _changed("deal", "after"),
    DealContactsAttached: _changed("deal"),
    DealCompanyUnlinked: _changed("deal"),
}
"""The element and its Client field from then on, for every event that says it."""
