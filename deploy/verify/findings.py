"""What comes of a verification: what it found, or why it could not begin.

The surprise: nothing else of this package is imported here. Every command of `crm` knows these errors, and only the one
that verifies should wait until every service's reactions are loaded.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


class LogAway(Exception):
    """Kafka does not answer."""


class NothingToVerify(Exception):
    """No stack runs here and no other is named, or its databases do not answer."""


@dataclass(frozen=True, order=True)
class Finding:
    """One thing that is not as it must be. `subject` is an element (`lead:0199f2a4-…`), a service or a topic."""

    invariant: str
    subject: str
    detail: str


@dataclass(frozen=True)
class Report:
    """What a verification came to.

    Attributes:
        checked: by invariant, how many things were looked at.
        counts: what else was noticed: repeats, records that are no events, what is in progress.
    """

    broken: Sequence[Finding]
    checked: Mapping[str, int]
    counts: Mapping[str, int]
