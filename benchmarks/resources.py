"""Measure the resources of processes: CPU seconds, resident memory, and space on disk."""

import os
from collections.abc import Awaitable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil
from crm_contracts import topics
from pymongo import MongoClient

from benchmarks.figures import Run
from benchmarks.program import Target
from deploy.local.process import recorded_processes
from deploy.local.services import SERVICES


@dataclass(frozen=True)
class Taken:
    """Resources of one process: CPU seconds since it started, bytes of memory now."""

    cpu_s: float
    resident: int


def taken(directory: Path) -> dict[str, Taken]:
    """Measure each process of the stack in a directory (kafka, mongod, the services), and this one."""
    found: dict[str, Taken] = {}
    for name, pid in {**recorded_processes(directory), "measuring": os.getpid()}.items():
        seen = psutil.Process(pid)
        with seen.oneshot():
            times = seen.cpu_times()
            found[name] = Taken(times.user + times.system, seen.memory_info().rss)
    return found


def memory_mib(directory: Path) -> dict[str, int]:
    """Measure the resident memory of each process of the stack in a directory, in MiB."""
    return {name: each.resident >> 20 for name, each in taken(directory).items() if name != "measuring"}


async def with_cpu(directory: Path, window: Awaitable[Run]) -> Run:
    """Add the CPU seconds that each process took during a measurement."""
    before = taken(directory)
    run = await window
    after = taken(directory)
    return replace(run, cpu_s={name: after[name].cpu_s - before[name].cpu_s for name in before})


def stored(target: Target) -> dict[str, dict[str, int]]:
    """Measure the bytes that each service stores and has published, and the bytes on disk of both servers."""
    data = Path(target.directory) / "data"
    found: dict[str, dict[str, int]] = {}
    with MongoClient[dict[str, Any]](target.mongo) as client:
        for name in SERVICES:
            sizes = client[f"crm_{name}"].command("dbStats")
            found[name] = {
                "documents": int(sizes["dataSize"]),
                "indexes": int(sizes["indexSize"]),
                "events": sum(_on_disk(log) for topic in _topics_of(name) for log in data.rglob(f"{topic}-*")),
            }
    for name in ("kafka", "mongo"):
        found[name] = {"on disk": _on_disk(data / name)}
    return found


def _topics_of(service: str) -> list[str]:
    return [topic for topic in topics.ALL if topic.split(".")[1] == service]


def _on_disk(folder: Path) -> int:
    return sum(file.stat().st_blocks * 512 for file in folder.rglob("*") if file.is_file())
