"""Check that no element links a deleted client, and no contact a deleted company (COMP-10, DUP-02)."""

from collections.abc import Iterator
from typing import Final

from crm_contracts.elements import COMPANY, CONTACT

from deploy.verify.findings import Finding
from deploy.verify.invariant import Invariant, Stored

_CLIENTS: Final = {CONTACT.noun, COMPANY.noun}


class RemovedClients(Invariant):
    """Compare links with tombstones; a merge that has begun must be finished, too."""

    name = "departures"
    promise = "no element links a contact or a company that is deleted"

    def __init__(self) -> None:
        super().__init__()
        self._gone: set[str] = set()
        self._linked: dict[str, list[str]] = {}
        self._merging: list[str] = []

    def take_document(self, stored: Stored) -> None:
        if stored.type.noun in _CLIENTS:
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


def _linked(stored: Stored) -> list[str]:
    if "client" in stored.type.has:
        return [str(ref) for ref in stored.state.client.refs]
    if stored.type.noun == CONTACT.noun:
        return [str(link.ref) for link in stored.state.companies]
    return []
