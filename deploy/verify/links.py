"""Check that the contacts of linked companies are as the log says, on every element with a Client field (CLI-07).

Three must agree: the answer of the clients service, the event that attached its contacts, and the document.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from crm_contracts.client_answers import ElementContactsResolved
from crm_contracts.client_field import Client
from crm_contracts.envelope import Envelope, Event
from crm_contracts.events import ClientFieldEvent, ContactsAttached, Created, Deleted

from deploy.verify.findings import Finding
from deploy.verify.invariant import Invariant, Stored


class _Attached(NamedTuple):
    """A company's contacts were attached to an element."""

    element: str
    link_no: int
    company: str
    contacts: frozenset[str]
    is_complete: bool


class _Link(NamedTuple):
    """The company of a Client field, and the contacts that it brought."""

    link_no: int
    company: str | None
    brought: frozenset[str]


class Links(Invariant):
    """Compare answers, events and documents; a link that is asked for twice has two answers, of which one is taken."""

    name = "links"
    promise = "every deal's and lead's company-linked contacts are as the log says"

    def __init__(self, *, now: datetime, patience: timedelta) -> None:
        """Report a link that has been pending for longer than `patience` as stuck."""
        super().__init__()
        self._now, self._patience = now, patience
        self._links: dict[str, _Link] = {}
        self._asked: dict[str, tuple[int, datetime]] = {}
        self._attached: list[_Attached] = []
        self._answers: dict[tuple[str, int], list[tuple[str, frozenset[str]]]] = {}
        self._wrong: list[Finding] = []

    def take_event(self, event: Envelope[Event]) -> None:
        data = event.data
        if isinstance(data, ElementContactsResolved):
            answer = data.company.id, frozenset(ref.id for ref in data.contacts)
            self._answers.setdefault((str(data.element), data.link_no), []).append(answer)
        elif isinstance(data, Created):
            client = getattr(data.state, "client", None)
            if client is not None:
                self._remember(str(data.element), client, event.time)
        elif isinstance(data, Deleted):
            self._links.pop(str(data.element), None)
        elif isinstance(data, ClientFieldEvent):
            element, client = str(data.element), data.client_now
            self._remember(element, client, event.time)
            if isinstance(data, ContactsAttached) and client.company is not None:
                contacts = frozenset(link.contact_id for link in client.contacts)
                # Without room for all of them, the field says that it is truncated.
                is_complete = client.auto_link_contacts and not client.truncated
                attached = _Attached(element, client.link_no, client.company.id, contacts, is_complete)
                self._attached.append(attached)

    def take_document(self, stored: Stored) -> None:
        if "client" not in stored.type.has:
            return
        for event in stored.pending(0):
            self.take_event(event)
        client: Client = stored.state.client
        published = self._links.pop(stored.subject, None)
        if client.link_state == "pending":
            self.counts["links pending"] += 1
            self._check_age(stored.subject)
        if client.company is None and published is None:
            return
        self.checked += 1
        if published != _link(client):
            detail = "has not the company and the contacts of it that it said"
            self._wrong.append(self._finding(stored.subject, detail))

    def broken(self) -> Iterator[Finding]:
        yield from self._wrong
        for attached in self._attached:
            answers = self._answers.get((attached.element, attached.link_no), [])
            offered = [contacts for company, contacts in answers if company == attached.company]
            if not offered:
                detail = f"took contacts of company:{attached.company}, which no event names"
                yield self._finding(attached.element, detail)
            elif attached.is_complete and not any(contacts <= attached.contacts for contacts in offered):
                detail = f"lacks contacts that company:{attached.company} had when it was linked"
                yield self._finding(attached.element, detail)

    def _remember(self, element: str, client: Client, at: datetime) -> None:
        self._links[element] = _link(client)
        if client.link_state == "pending" and self._asked.get(element, (0, at))[0] != client.link_no:
            self._asked[element] = client.link_no, at

    def _check_age(self, element: str) -> None:
        _, since = self._asked.get(element, (0, self._now))
        if self._now - since > self._patience:
            self._wrong.append(self._finding(element, "waits in vain for an answer about the clients that it links"))


def _link(client: Client) -> _Link:
    brought = frozenset(link.contact_id for link in client.contacts if link.auto_linked_from is not None)
    return _Link(client.link_no, client.company.id if client.company else None, brought)
