"""Compute what conversions per second take: cores, replicas, partitions and shards, from the CPU time of one.

Arithmetic, all of it: each process needs the same CPU time per conversion at any rate. That holds as long as no process
waits for another one of its kind; `docs/scaling.md` says where it does not.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from statistics import median
from typing import Any, Final

import yaml

from benchmarks.results import Results, Row
from deploy.local.services import SERVICES

RATES: Final = (100, 1_000, 10_000)
"""Conversions per second."""
BUSY: Final = 0.7
"""The share of a core or machine that may be used in the mean: the rest is for peaks and for what another one lost."""
MONGOD_CORES: Final = 16
BROKER_CORES: Final = 8
FEWEST_REPLICAS: Final = 2
FEWEST_BROKERS: Final = 3
LOADED: Final = "convert leads, 16 callers"
"""The row that all of it follows from."""
_DAY_S: Final = 86_400
_TOPICS: Final = Path(__file__).parents[1] / "deploy" / "topics.yaml"


@dataclass(frozen=True)
class Needs:
    """What one rate takes."""

    rate: int
    cores: Mapping[str, float]
    """By process: how many are busy all the time."""
    replicas: Mapping[str, int]
    """By service; a service is one Python process, so one core at most."""
    partitions: int
    """Of each event topic: every replica of the largest group has at least one."""
    shards: int
    brokers: int
    bytes_per_day: int


def needs(rate: int, cpu_ms: Mapping[str, float], bytes_each: int) -> Needs:
    """Compute what a rate takes, from CPU milliseconds by process and bytes on disk, each of one conversion."""
    cores = {name: rate * each / 1000 for name, each in cpu_ms.items()}
    replicas: dict[str, int] = {
        name: max(FEWEST_REPLICAS, ceil(cores[name] / BUSY)) for name in SERVICES if name in cores
    }
    return Needs(
        rate,
        cores,
        replicas,
        partitions=max(replicas.values()),
        shards=max(1, ceil(cores["mongo"] / (MONGOD_CORES * BUSY))),
        brokers=max(FEWEST_BROKERS, ceil(cores["kafka"] / (BROKER_CORES * BUSY))),
        bytes_per_day=rate * _DAY_S * bytes_each,
    )


def limits(cpu_ms: Mapping[str, float], partitions: int) -> list[tuple[str, float]]:
    """Return up to how many conversions per second each part suffices, lowest first."""
    busiest = max((name for name in SERVICES if name in cpu_ms), key=lambda name: cpu_ms[name])
    found = [
        (f"one replica of each service, by its busiest: {busiest}", BUSY * 1000 / cpu_ms[busiest]),
        (
            f"{partitions} partitions of each event topic, one replica of {busiest} for each",
            partitions * BUSY * 1000 / cpu_ms[busiest],
        ),
        (f"one primary of MongoDB with {MONGOD_CORES} cores", MONGOD_CORES * BUSY * 1000 / cpu_ms["mongo"]),
        (f"one broker of Kafka with {BROKER_CORES} cores", BROKER_CORES * BUSY * 1000 / cpu_ms["kafka"]),
    ]
    return sorted(found, key=lambda each: each[1])


def partitions_in_production(described: Mapping[str, Any]) -> int:
    """Return how many partitions an event topic has, of what `deploy/topics.yaml` says."""
    number = described["events"]["partitions"]
    return int(number["production"] if isinstance(number, Mapping) else number)


def page(results: Results) -> str:
    """Format measured figures and what follows from them as Markdown.

    Raises:
        LookupError: conversions by 16 callers were not measured in this run.
    """
    row = results.row(LOADED)
    if row is None:
        raise LookupError(LOADED)
    cpu_ms = {name: each for name, each in row.ours.cpu_ms.items() if name not in {"bare", "measuring"}}
    on_disk = sum(sizes.get("on disk", 0) for sizes in results.growth.values())
    wanted = [needs(rate, cpu_ms, on_disk) for rate in RATES]
    partitions = partitions_in_production(yaml.safe_load(_TOPICS.read_text(encoding="utf-8")))
    facts, rate = results.machine, median(row.ours.per_second)
    lines = [
        f"Measured {results.at} at {facts['commit']} on {facts['cores']} cores: {rate:.1f} conversions/s, 16 callers",
        "",
        *_measured(cpu_ms, on_disk, results),
        "",
        f"Arithmetic: cores that are busy all the time, and the processes that it takes where each is busy {BUSY:.0%}:",
        "",
        *_wanted(wanted, list(cpu_ms)),
        "",
        "Arithmetic: what suffices up to how many conversions per second, lowest first:",
        "",
        "| | conversions/s |",
        "|---|---|",
        *(f"| {what} | {rate:,.0f} |" for what, rate in limits(cpu_ms, partitions)),
        "",
    ]
    return "\n".join(lines)


def _measured(cpu_ms: Mapping[str, float], on_disk: int, results: Results) -> list[str]:
    lines = ["| process | CPU ms per conversion |", "|---|---|"]
    lines += [f"| {name} | {each:.1f} |" for name, each in cpu_ms.items()]
    lines += [f"| together | {sum(cpu_ms.values()):.1f} |", "", f"On disk, Kafka and MongoDB: {on_disk:,} bytes each."]
    replicas: Row | None = next((row for row in results.rows if row.benchmark == "B11"), None)
    if replicas is None or replicas.ratio is None:
        return [*lines, "", "Two replicas of each service: not measured in this run."]
    rate = f"{replicas.ratio.median:.2f}"
    return [*lines, "", f"Two replicas of each service on the same cores: {rate} of the rate of one, nothing lost."]


def _wanted(wanted: list[Needs], processes: list[str]) -> list[str]:
    heads = [f"{each.rate:,}/s" for each in wanted]
    lines = [f"| | {' | '.join(heads)} |", f"|---|{'---|' * len(wanted)}"]
    for name in processes:
        cells = [
            f"{each.cores[name]:,.1f} cores" + (f", {each.replicas[name]} replicas" if name in each.replicas else "")
            for each in wanted
        ]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    rows = {
        "cores together": [f"{sum(each.cores.values()):,.0f}" for each in wanted],
        "partitions of each event topic, at least": [f"{each.partitions}" for each in wanted],
        f"primaries of MongoDB with {MONGOD_CORES} cores": [f"{each.shards}" for each in wanted],
        f"brokers of Kafka with {BROKER_CORES} cores, at least": [f"{each.brokers}" for each in wanted],
        "on disk per day, one copy": [f"{each.bytes_per_day / 1e9:,.0f} GB" for each in wanted],
    }
    return [*lines, *(f"| {name} | {' | '.join(cells)} |" for name, cells in rows.items())]
