"""All measurements, in the order in which they disturb one another least."""

from collections.abc import Awaitable, Sequence
from typing import Final, Protocol

from benchmarks.bench import Bench
from benchmarks.measures.conversion import b2, b2_open, b9, b11
from benchmarks.measures.correcting import b15
from benchmarks.measures.creation import b1, b6, b10
from benchmarks.measures.filtering import b12
from benchmarks.measures.linking import b3
from benchmarks.measures.projection import b4
from benchmarks.measures.running import b13
from benchmarks.measures.searching import b5
from benchmarks.measures.storing import b7, b8
from benchmarks.measures.timing import b14


class Measurement(Protocol):
    """A function that makes one family of measurements, named as one chooses it."""

    __name__: str

    def __call__(self, bench: Bench) -> Awaitable[None]: ...


ALONE: Final[dict[str, Measurement]] = {
    # Its history must be small at the beginning, and its thousands of conversions warm up Kafka's JVM for all others.
    "b8": b8,
    "b1": b1,
    "b10": b10,
    "b2": b2,
    "b2-open": b2_open,
    "b9": b9,
    "b3": b3,
    "b4": b4,
    "b7": b7,
    "b11": b11,
    "b6": b6,
    "b13": b13,
    "b14": b14,
    # A million records each, which would slow down the others.
    "b12": b12,
    "b5": b5,
}
AGAINST: Final[dict[str, Measurement]] = {
    # Nothing else was done before on either side.
    "b7": b7,
    "b15": b15,
    "b1": b1,
    "b10": b10,
    "b2": b2,
    "b9": b9,
    "b3": b3,
    "b4": b4,
    "b11": b11,
    # It leaves thousands of leads.
    "b6": b6,
}
"""Those whose endpoints other revisions have too, and those that the targets beside them need."""


class NoSuchMeasurement(Exception):
    """The name of a measurement that there is not."""


def chosen(only: Sequence[str], *, against: bool) -> list[Measurement]:
    """Return the measurements of these names, such as `b2` or `B1,B2`; without a name all.

    Raises:
        NoSuchMeasurement: there is none of such a name.
    """
    there = AGAINST if against else ALONE
    names = [name.strip().lower() for given in only for name in given.split(",")]
    unknown = [name for name in names if name not in there]
    if unknown:
        raise NoSuchMeasurement(f"{', '.join(unknown)}: there are {', '.join(there)}")
    return [measurement for name, measurement in there.items() if name in names or not names]
