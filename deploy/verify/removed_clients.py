"""Nobody links who is gone: neither leads and deals their client, nor contacts their company (COMP-10, DUP-02)."""

from collections.abc import Iterator

from deploy.verify.findings import Finding
from deploy.verify.invariant import Invariant, Seen


class RemovedClients(Invariant):
    """A merge that has begun is ended, too."""

    name = "departures"
    promise = "nobody links a contact or a company that is gone"

    def __init__(self) -> None:
        super().__init__()
        self._gone: set[str] = set()
        self._linked: dict[str, list[str]] = {}
        self._merging: list[str] = []

    def see(self, seen: Seen) -> None:
        if seen.kind.name in {"contact", "company"}:
            if seen.aggregate.deleted_at is not None:
                self._gone.add(seen.subject)
                self.counts["clients gone"] += 1
            if seen.aggregate.merging is not None:
                self._merging.append(seen.subject)
        refs = _linked(seen)
        self.checked += len(refs)
        if refs:
            self._linked[seen.subject] = refs

    def broken(self) -> Iterator[Finding]:
        for subject in self._merging:
            yield self._finding(subject, "takes over others without an end")
        for subject, refs in self._linked.items():
            for ref in sorted(self._gone.intersection(refs)):
                yield self._finding(subject, f"links {ref}, who is gone")


def _linked(seen: Seen) -> list[str]:
    if seen.kind.name in {"lead", "deal"}:
        return [str(ref) for ref in seen.aggregate.client.refs]
    if seen.kind.name == "contact":
        return [str(link.ref) for link in seen.aggregate.companies]
    return []
