"""What is held against what after faults: every answer against the data, and everything that `crm verify` looks at."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from deploy.local.stack import LocalStack
from deploy.verify.findings import Finding
from deploy.verify.run import verify
from deploy.verify.target import Target

_PATIENCE_S: Final = 90.0
_ABOUT_EVENTS: Final = frozenset({"reading", "sequences", "outbox"})
"""The promises that are broken by an event that is lost; the others are broken by an effect that is missing, doubled
or wrong."""


@dataclass
class Verdict:
    """All that was found, and how many things were looked at by the last look."""

    answers_lost: list[str] = field(default_factory=list)
    broken: list[Finding] = field(default_factory=list)
    checked: Mapping[str, int] = field(default_factory=dict)

    async def look(self, stack: LocalStack) -> None:
        """Verify the whole system once more."""
        target = Target.to(stack.mongo.url, stack.kafka.environment)
        report = await verify(target, patience_s=_PATIENCE_S)
        self.broken += report.broken
        self.checked = report.checked

    @property
    def events_lost(self) -> list[Finding]:
        """Events that were never published, never read, or are missing in a row."""
        return [finding for finding in self.broken if finding.invariant in _ABOUT_EVENTS]

    @property
    def effects_wrong(self) -> list[Finding]:
        """What an event should have done once, and did never, twice or otherwise."""
        return [finding for finding in self.broken if finding.invariant not in _ABOUT_EVENTS]

    @property
    def is_clean(self) -> bool:
        """Whether nothing was found."""
        return not (self.answers_lost or self.broken)

    def __str__(self) -> str:
        facts = ", ".join(f"{number} {name}" for name, number in self.checked.items())
        found = [*self.answers_lost, *map(str, self.broken)]
        return f"looked at {facts}: " + ("; ".join(found) or "all as it should be")
