"""The results of a run of the benchmarks: one dated file, from which tables and chart are made."""

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any, Final, Self

from benchmarks.figures import Figure, Run, ratio

FOLDER = Path(__file__).with_name("results")


@dataclass(frozen=True)
class Side:
    """Several runs of one side: operations per second, latencies in milliseconds, CPU milliseconds per operation."""

    per_second: tuple[float, ...]
    p50: tuple[float, ...] = ()
    p95: tuple[float, ...] = ()
    p99: tuple[float, ...] = ()
    cpu_ms: dict[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, runs: Sequence[Run]) -> Self:
        """Compute the figures of runs; CPU of the last one, the warmest."""
        timed = all(run.latencies_s for run in runs)
        percentiles = {
            f"p{percent}": tuple(run.percentile_ms(percent) for run in runs) if timed else ()
            for percent in (50, 95, 99)
        }
        cpu_ms = {name: seconds * 1000 / runs[-1].operations for name, seconds in runs[-1].cpu_s.items()}
        return cls(tuple(run.per_second for run in runs), **percentiles, cpu_ms=cpu_ms)


NOTHING: Final = Side(())
"""What was not measured, as where an endpoint is not there."""


@dataclass(frozen=True)
class Row:
    """One thing measured, beside its limit and another revision; the targets are for the ratios."""

    benchmark: str
    what: str
    ours: Side
    limit: Side | None = None
    theirs: Side | None = None
    """The other revision."""
    by_latency: bool = False
    """Compare latencies, not throughput, as when the rate of both is the same."""
    at_least: float | None = None
    """Ours over limit, by throughput."""
    p50_below: float | None = None
    """Our p50 over the limit's p50."""
    p99_below: float | None = None
    """Our p99 over the limit's p50."""
    p99_at_most: float | None = None
    """Our p99 over the limit's p99."""
    p99_below_ms: float | None = None
    times_at_least: float | None = None
    """Ours over theirs, by throughput."""
    p50_at_most: float | None = None
    """Our p50 over theirs."""
    notes: str = ""
    """What was found besides."""

    @property
    def ratio(self) -> Figure | None:
        """By throughput; None where there is no limit, or latencies are compared."""
        return None if self.limit is None or self.by_latency else ratio(self.ours.per_second, self.limit.per_second)

    @property
    def times_p50(self) -> Figure | None:
        """Our median latency, as a multiple of the limit's."""
        return None if self.limit is None or not self.limit.p50 else ratio(self.ours.p50, self.limit.p50)

    @property
    def times_p99(self) -> Figure | None:
        """Our p99, as a multiple of the limit's median latency."""
        return None if self.limit is None or not self.limit.p50 else ratio(self.ours.p99, self.limit.p50)

    @property
    def own_p99(self) -> Figure | None:
        """Our p99, as a multiple of the limit's p99."""
        return None if self.limit is None or not self.limit.p99 else ratio(self.ours.p99, self.limit.p99)

    @property
    def times(self) -> Figure | None:
        """Ours over theirs, by throughput."""
        return None if self.theirs is None else ratio(self.ours.per_second, self.theirs.per_second)

    @property
    def their_p50(self) -> Figure | None:
        """Our median latency over theirs."""
        return None if self.theirs is None or not self.theirs.p50 else ratio(self.ours.p50, self.theirs.p50)

    @property
    def is_met(self) -> bool | None:
        """Whether every target is; None where there is none that was measured."""
        if self.ours == NOTHING:
            return False
        found = []
        if self.at_least is not None and self.ratio is not None:
            found.append(self.ratio.median >= self.at_least)
        if self.times_at_least is not None and self.times is not None:
            found.append(self.times.median >= self.times_at_least)
        if self.p50_at_most is not None and self.their_p50 is not None:
            found.append(self.their_p50.median <= self.p50_at_most)
        if self.p50_below is not None and self.times_p50 is not None:
            found.append(self.times_p50.median < self.p50_below)
        if self.p99_below is not None and self.times_p99 is not None:
            found.append(self.times_p99.median < self.p99_below)
        if self.p99_at_most is not None and self.own_p99 is not None:
            found.append(self.own_p99.median <= self.p99_at_most)
        if self.p99_below_ms is not None:
            found.append(median(self.ours.p99) < self.p99_below_ms)
        return all(found) if found else None


@dataclass(frozen=True)
class Amount:
    """Something that is no rate, beside the same of another revision."""

    what: str
    ours: int
    theirs: int
    at_most: float | None = None
    """Ours over theirs."""

    @property
    def times(self) -> float:
        """Ours over theirs."""
        return self.ours / self.theirs

    @property
    def is_met(self) -> bool | None:
        """Whether the target is; None where there is none."""
        return None if self.at_most is None else self.times <= self.at_most


@dataclass
class Results:
    """A whole run."""

    at: str
    machine: dict[str, str]
    servers: str
    """The providers of Kafka and MongoDB."""
    quick: bool
    rows: list[Row] = field(default_factory=list)
    memory_mib: dict[str, dict[str, int]] = field(default_factory=dict)
    """Resident memory by process, by moment."""
    growth: dict[str, dict[str, int]] = field(default_factory=dict)
    """Bytes per conversion: by service or server, by what they are."""
    against: str = ""
    """The commit of the other revision."""
    amounts: list[Amount] = field(default_factory=list)

    @classmethod
    def begin(cls, servers: str, *, commit: str, against: str = "", quick: bool) -> Self:
        """Begin, with the facts of this machine."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        return cls(at=now, machine=_machine(commit), servers=servers, quick=quick, against=against)

    def save(self) -> Path:
        """Write it to a file named by its minute, or `quick` if it was quick."""
        FOLDER.mkdir(exist_ok=True)
        name = "quick" if self.quick else self.at[:16].replace(":", "")
        path = FOLDER / f"{name}{f'-against-{self.against}' if self.against else ''}.json"
        path.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")
        return path

    @classmethod
    def newest(cls, *, against: bool | None = None, having: str = "") -> Self | None:
        """Read the newest run that was not quick; None if there is none.

        With `against` only those beside another revision, or only those that are not; with `having` only those that
        have a row of this text.
        """
        saved = (cls.read(path) for path in sorted(FOLDER.glob("2*.json"), reverse=True))
        fitting = (run for run in saved if against in {None, bool(run.against)})
        return next((run for run in fitting if not having or run.row(having)), None)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a saved run."""
        saved = json.loads(path.read_text(encoding="utf-8"))
        rows = [_row(row) for row in saved["rows"]]
        amounts = [Amount(**amount) for amount in saved.get("amounts", ())]
        return cls(**{**saved, "rows": rows, "amounts": amounts})

    def row(self, what: str) -> Row | None:
        """Find the row of this text."""
        return next((row for row in self.rows if row.what == what), None)


def _row(saved: dict[str, Any]) -> Row:
    sides = {side: _side(saved[side]) if saved.get(side) else None for side in ("ours", "limit", "theirs")}
    return Row(**{**saved, **sides})


def _side(saved: dict[str, Any]) -> Side:
    given: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in saved.items()}
    return Side(**given)


def _machine(commit: str) -> dict[str, str]:
    cpus = Path("/proc/cpuinfo")
    names = [line for line in cpus.read_text().splitlines() if "model name" in line] if cpus.exists() else []
    return {
        "cores": str(os.cpu_count()),
        "processor": names[0].partition(":")[2].strip() if names else platform.processor(),
        "python": platform.python_version(),
        "commit": commit,
        **{name: version(name) for name in ("aiokafka", "fastapi", "faststream", "motor", "pydantic", "pymongo")},
    }
