"""Every test waits with the one deadline of `tests/deadlines.py`, and pytest waits longer."""

import ast
import re
import tomllib
from collections.abc import Iterable
from typing import Final

import pytest

from tests.architecture.conftest import Plant
from tests.architecture.sources import ROOT, Module, read, report
from tests.deadlines import DEADLINE_S

# Where each says how long it waits, in seconds.
PLACES: Final = {"wait_for": 1, "wait_ready": -1, "asyncio.timeout": 0, "wait": 0, "join": 0}
WORDS = {"deadline_s", "timeout"}
SHORT_S = 2.0
"""What ends so soon is meant to: the end of the waiting is what is tried."""


def own_deadlines(modules: Iterable[Module]) -> list[str]:
    problems = []
    for module in modules:
        for call, name in module.calls():
            place = PLACES.get(name, PLACES.get(name.rpartition(".")[2]))
            given = [word.value for word in call.keywords if word.arg in WORDS]
            if name == "asyncio.to_thread":
                given += call.args[1:] if ast.unparse(call.args[0]).endswith(".wait_ready") else []
            elif place is not None and call.args[place:]:
                given.append(call.args[place])
            problems += [
                module.at(call, f"{name} waits for {ast.unparse(value)} s")
                for value in given
                if isinstance(value, ast.Constant) and isinstance(value.value, int | float) and value.value > SHORT_S
            ]
    return problems


def test_no_test_has_a_deadline_of_its_own() -> None:
    """A number with a name is none: it says why it is another."""
    report(own_deadlines(read(ROOT, "tests")), "take `DEADLINE_S`, a bound for a hang and not for speed:")


def test_pytest_waits_longer_than_any_test() -> None:
    options = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]
    assert options["timeout"] >= 3 * DEADLINE_S
    marks = [
        (module.path, mark)
        for module in read(ROOT, "tests")
        for mark in re.findall(r"mark\.timeout\(([\d_]+)\)", ast.unparse(module.tree))
    ]
    assert [(path, mark) for path, mark in marks if int(mark) < options["timeout"]] == []


@pytest.mark.parametrize(
    "line",
    [
        "await asyncio.wait_for(begun.wait(), 15)",
        "process.wait_ready(answers, 30)",
        "service.wait_ready(60)",
        "await asyncio.to_thread(service.wait_ready, 60)",
        "told = process.communicate(timeout=60)",
        "code = starter.wait(30)",
        "async with asyncio.timeout(60): ...",
        "http = httpx.AsyncClient(timeout=30)",
        "process.terminate(deadline_s=10)",
    ],
)
def test_a_planted_deadline_is_found(plant: Plant, line: str) -> None:
    assert len(own_deadlines(plant("tests/kit/test_x.py", f"async def test_x():\n    {line}"))) == 1


@pytest.mark.parametrize(
    "line",
    [
        "await asyncio.wait_for(begun.wait(), DEADLINE_S)",
        "process.wait_ready(lambda: False, 0.1)",
        "service.wait_ready()",
        "await begun.wait()",
        "renamed.wait('lead:lead-1', 2)",
        "text = ', '.join(names)",
    ],
)
def test_the_one_deadline_and_a_short_one_are_no_violation(plant: Plant, line: str) -> None:
    assert own_deadlines(plant("tests/kit/test_x.py", f"async def test_x():\n    {line}")) == []
