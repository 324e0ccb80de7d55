"""The figures of a series of measurements: throughput, percentiles, ratio to a limit measured in the same run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median


@dataclass(frozen=True)
class Run:
    """One measured window.

    Attributes:
        latencies_s: one per operation, in the order of their ends, from the moment each was meant to begin.
        elapsed_s: from the first beginning to the last end.
        operations: how many ended; as many as there are latencies, where those were taken.
        cpu_s: CPU seconds by process, where they were noted.
        counted: what else was counted, by what it is.
    """

    latencies_s: Sequence[float]
    elapsed_s: float
    operations: int
    cpu_s: Mapping[str, float] = field(default_factory=dict)
    counted: Mapping[str, int] = field(default_factory=dict)

    @property
    def per_second(self) -> float:
        """Operations that ended, by the time they took together."""
        return self.operations / self.elapsed_s

    def percentile_ms(self, percent: float) -> float:
        """Return the latency that so many percent of the operations did not exceed (nearest rank)."""
        ordered = sorted(self.latencies_s)
        rank = max(1, -(-len(ordered) * percent // 100))
        return ordered[int(rank) - 1] * 1000


@dataclass(frozen=True)
class Figure:
    """One number measured several times."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle one."""
        return median(self.values)

    @property
    def spread(self) -> float:
        """How far the values lie apart, as a share of the median."""
        return (max(self.values) - min(self.values)) / self.median if self.median else 0.0


def ratio(ours: Sequence[float], limit: Sequence[float]) -> Figure:
    """Divide ours by the limit, pair by pair: both ran side by side, so variation of the machine cancels out."""
    return Figure(tuple(mine / bare for mine, bare in zip(ours, limit, strict=True)))
