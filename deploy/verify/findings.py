"""The result of a verification: what it found, or why it could not begin.

Note:
    Import nothing else of this package here: every command of `crm` knows these errors, and only the one that verifies
    should pay for loading contracts and services.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


class LogAway(Exception):
    """Kafka does not answer."""


class NothingToVerify(Exception):
    """No stack runs here and no other is named, or its databases do not answer."""


@dataclass(frozen=True, order=True)
class Finding:
    """One violation of an invariant. `subject` is an element (`lead:0199f2a4-…`), a service or a topic."""

    invariant: str
    subject: str
    detail: str


@dataclass(frozen=True)
class Report:
    """The result of a verification.

    Attributes:
        checked: by invariant, how many things were checked.
        counts: what else was noticed: repeats, records that are no events, what is in progress.
    """

    broken: Sequence[Finding]
    checked: Mapping[str, int]
    counts: Mapping[str, int]
