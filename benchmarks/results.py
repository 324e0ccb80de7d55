"""The results of a run of the benchmarks: one dated file, from which tables and chart are made."""

import json
import os
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any, Self

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


@dataclass(frozen=True)
class Row:
    """One thing measured, beside its limit; the targets are for the ratios."""

    benchmark: str
    what: str
    ours: Side
    limit: Side | None = None
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
    def is_met(self) -> bool | None:
        """Whether every target is; None where there is none."""
        found = []
        if self.at_least is not None and self.ratio is not None:
            found.append(self.ratio.median >= self.at_least)
        if self.p50_below is not None and self.times_p50 is not None:
            found.append(self.times_p50.median < self.p50_below)
        if self.p99_below is not None and self.times_p99 is not None:
            found.append(self.times_p99.median < self.p99_below)
        if self.p99_at_most is not None and self.own_p99 is not None:
            found.append(self.own_p99.median <= self.p99_at_most)
        if self.p99_below_ms is not None:
            found.append(median(self.ours.p99) < self.p99_below_ms)
        return all(found) if found else None


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

    @classmethod
    def begin(cls, servers: str, *, quick: bool) -> Self:
        """Begin, with the facts of this machine."""
        now = datetime.now(UTC)
        return cls(at=now.isoformat(timespec="seconds"), machine=_machine(), servers=servers, quick=quick)

    def save(self) -> Path:
        """Write it to a file named by its minute, or `quick` if it was quick."""
        FOLDER.mkdir(exist_ok=True)
        path = FOLDER / f"{'quick' if self.quick else self.at[:16].replace(':', '')}.json"
        path.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")
        return path

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a saved run."""
        saved = json.loads(path.read_text(encoding="utf-8"))
        return cls(**{**saved, "rows": [_row(row) for row in saved["rows"]]})


def _row(saved: dict[str, Any]) -> Row:
    sides = {side: _side(saved[side]) if saved[side] else None for side in ("ours", "limit")}
    return Row(**{**saved, **sides})


def _side(saved: dict[str, Any]) -> Side:
    given: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in saved.items()}
    return Side(**given)


def _machine() -> dict[str, str]:
    cpus = Path("/proc/cpuinfo")
    names = [line for line in cpus.read_text().splitlines() if "model name" in line] if cpus.exists() else []
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return {
        "cores": str(os.cpu_count()),
        "processor": names[0].partition(":")[2].strip() if names else platform.processor(),
        "python": platform.python_version(),
        "commit": commit.stdout.strip() or "unknown",
        **{name: version(name) for name in ("aiokafka", "fastapi", "faststream", "motor", "pydantic", "pymongo")},
    }
