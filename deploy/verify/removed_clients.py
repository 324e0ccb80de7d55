"""Check that elements link clients that exist, and contacts companies that exist (CLI-02, COMP-10, DUP-02)."""

from collections.abc import Iterator
from typing import Final

from crm_contracts.client_field import Client
from crm_contracts.elements import COMPANY, CONTACT

from deploy.verify.findings import Finding
from deploy.verify.invariant import Invariant, Stored

_CLIENTS: Final = {CONTACT.noun, COMPANY.noun}


class RemovedClients(Invariant):
    """Compare links with tombstones; a merge that has begun must be finished, too."""

    name = "departures"
    promise = "no element links a contact or a company that is deleted or never existed"

    def __init__(self) -> None:
        super().__init__()
        self._known: set[str] = set()
        self._gone: set[str] = set()
        self._linked: dict[str, list[str]] = {}
        self._merging: list[str] = []

    def take_document(self, stored: Stored) -> None:
        if stored.type.noun in _CLIENTS:
            self._known.add(stored.subject)
            if stored.state.deleted_at is not None:
                self._gone.add(stored.subject)
                self.counts["clients deleted"] += 1
            if stored.state.merging is not None:
                self._merging.append(stored.subject)
        refs = _linked(stored)
        self.checked += len(refs)
        if refs:
            self._linked[stored.subject] = refs

    def broken(self) -> Iterator[Finding]:
        for subject in self._merging:
            yield self._finding(subject, "takes over others without an end")
        for subject, refs in self._linked.items():
            for ref in sorted(self._gone.intersection(refs)):
                yield self._finding(subject, f"links {ref}, which is deleted")
            for ref in sorted(set(refs) - self._known):
                yield self._finding(subject, f"links {ref}, which never existed")


def _linked(stored: Stored) -> list[str]:
    if "client" in stored.type.has:
        # What is pending is yet to be confirmed; `Links` finds what waits for too long.
        client: Client = stored.state.client
        company = [str(client.company)] if client.company and not client.asks_for_company else []
        return company + [str(link.ref) for link in client.contacts if link.link_state == "done"]
    if stored.type.noun == CONTACT.noun:
        return [str(link.ref) for link in stored.state.companies]
    return []
