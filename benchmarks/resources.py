"""What processes take of the machine: CPU seconds and resident memory, by name."""

import os
from collections.abc import Awaitable
from dataclasses import dataclass, replace
from pathlib import Path

import psutil

from benchmarks.figures import Run
from deploy.local.process import recorded_processes


@dataclass(frozen=True)
class Taken:
    """By one process since it started: CPU seconds; bytes of memory now."""

    cpu_s: float
    resident: int


def taken(directory: Path) -> dict[str, Taken]:
    """By each process of the stack in a directory (kafka, mongod, the services), and by this one."""
    found: dict[str, Taken] = {}
    for name, pid in {**recorded_processes(directory), "measuring": os.getpid()}.items():
        seen = psutil.Process(pid)
        with seen.oneshot():
            times = seen.cpu_times()
            found[name] = Taken(times.user + times.system, seen.memory_info().rss)
    return found


async def with_cpu(directory: Path, window: Awaitable[Run]) -> Run:
    """What was measured, and the CPU seconds that each process took meanwhile."""
    before = taken(directory)
    run = await window
    after = taken(directory)
    return replace(run, cpu_s={name: after[name].cpu_s - before[name].cpu_s for name in before})
