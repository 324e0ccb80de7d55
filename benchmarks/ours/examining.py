"""B12: what MongoDB examines for lists by generated filters, as its profiler notes it."""

from collections.abc import Iterator
from time import monotonic
from typing import Any

from pymongo import MongoClient
from pymongo.database import Database

from benchmarks import deals
from benchmarks.figures import Run
from benchmarks.ours.callers import Callers
from benchmarks.ours.filtering import as_reader
from benchmarks.program import Target


async def measure(target: Target, *, filters: int, stride: int, is_restricted: bool) -> Run:
    """Ask for the first page of some of the filters, and note the most that one page took."""
    target = await as_reader(target, is_restricted=is_restricted)
    pages, latencies = list[dict[str, int]](), list[float]()
    with MongoClient[dict[str, Any]](target.mongo, tz_aware=True) as client:
        database = client["crm_deals"]
        async with Callers(target) as crm:
            for number in range(0, filters * stride, stride):
                database.command("profile", 2)
                began = monotonic()
                await crm.send("POST", "deals", "/deals/query", deals.query(number))
                latencies.append(monotonic() - began)
                database.command("profile", 0)
                pages.append(_examined(database))
                database["system.profile"].drop()
    most = {name: max(page[name] for page in pages) for name in ("keys", "documents")}
    every = {name: sum(page[name] for page in pages) for name in ("scans", "sorts")}
    return Run(latencies, sum(latencies), len(pages), counted={**most, **every})


def _examined(database: Database[dict[str, Any]]) -> dict[str, int]:
    """Add up the commands of one page."""
    commands = list(_commands(database))
    return {
        "keys": sum(each.get("keysExamined", 0) for each in commands),
        "documents": sum(each.get("docsExamined", 0) for each in commands),
        "scans": sum("COLLSCAN" in each.get("planSummary", "") for each in commands),
        "sorts": sum(each.get("hasSortStage", False) for each in commands),
    }


def _commands(database: Database[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Find those that read deals."""
    return iter(database["system.profile"].find({"appName": "crm", "ns": f"{database.name}.deals", "op": "command"}))
