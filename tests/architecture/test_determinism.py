"""Tests are collected the same whenever, wherever and however often: xdist refuses to share them out otherwise."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.architecture.conftest import Plant
from tests.architecture.sources import ROOT, Module, read, report
from tests.deadlines import DEADLINE_S

# As they are called in full, whatever name they were imported under.
CHANGING = re.compile(
    r"(.*\.)?(now|utcnow|today|utc_now|new_id|uuid[14678]|getpid|urandom|mkdtemp|mkstemp|gettempdir|free_port)"
    r"|time\.(time|monotonic|perf_counter|process_time)(_ns)?|time\.(localtime|gmtime|ctime|strftime)"
    r"|(random|secrets)\..*|id|hash"
)
AS_UNORDERED_AS_WHAT_THEY_GET = {"list", "tuple", "iter", "enumerate", "map", "filter", "zip", "reversed"}
FAR_AHEAD_S = 400 * 24 * 3600


def at_import(node: ast.AST, *, decorator: bool = False) -> Iterator[ast.AST]:
    """What Python runs when it imports a module: all but bodies of functions, with defaults and decorators."""
    parts = ast.iter_child_nodes(node)
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        arguments = node.args
        parts = iter([*arguments.defaults, *(default for default in arguments.kw_defaults if default)])
        if isinstance(node, ast.Lambda) and decorator:
            parts = ast.iter_child_nodes(node)  # `ids=lambda ...` is called by the collection
    else:
        yield node
    decorators = getattr(node, "decorator_list", [])
    for part in decorators:
        yield from at_import(part, decorator=True)
    for part in parts:
        if part not in decorators:
            yield from at_import(part, decorator=decorator)


def full_name(call: ast.Call, imported: Mapping[str, str]) -> str:
    first, dot, rest = ast.unparse(call.func).partition(".")
    return imported.get(first, first) + dot + rest


def imported_names(module: Module) -> dict[str, str]:
    """`clock` of `from time import time as clock`, to `time.time`."""
    names: dict[str, str] = {}
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            names |= {alias.asname: alias.name for alias in node.names if alias.asname}
        elif isinstance(node, ast.ImportFrom):
            names |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return names


def changing_values(modules: Iterable[Module]) -> list[str]:
    problems = []
    for module in modules:
        imported = imported_names(module)
        for node in at_import(module.tree):
            if not isinstance(node, ast.Call):
                continue
            name = full_name(node, imported)
            seeded = name == "random.Random" and node.args
            if CHANGING.fullmatch(name) and not seeded:
                problems.append(module.at(node, f"calls {name}() when it is imported"))
    return problems


def unordered(node: ast.expr, constants: Mapping[str, ast.expr]) -> bool:
    """Whether an expression yields its items in an order that another process need not share."""
    parts: list[ast.expr] = []
    match node:
        case ast.Set() | ast.SetComp() | ast.Call(func=ast.Name("set" | "frozenset")):
            return True
        case ast.Name() if node.id in constants:
            others = {name: value for name, value in constants.items() if name != node.id}
            return unordered(constants[node.id], others)
        case ast.Call(func=ast.Name(name)) if name in AS_UNORDERED_AS_WHAT_THEY_GET:
            parts = node.args
        case ast.Call(func=ast.Attribute(value=whole, attr="union" | "difference" | "intersection" | "copy")):
            parts = [whole]
        case ast.BinOp():
            parts = [node.left, node.right]
        case ast.ListComp() | ast.GeneratorExp() | ast.DictComp():
            parts = [loop.iter for loop in node.generators]
        case ast.List() | ast.Tuple():
            parts = [each.value for each in node.elts if isinstance(each, ast.Starred)]
    return any(unordered(part, constants) for part in parts)


def unordered_parameters(modules: Iterable[Module]) -> list[str]:
    problems = []
    for module in modules:
        constants = {
            target.id: node.value
            for node in module.tree.body
            if isinstance(node, ast.Assign | ast.AnnAssign) and node.value
            for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
            if isinstance(target, ast.Name)
        }
        for call, name in module.calls():
            values = [word.value for word in call.keywords if word.arg in {"argvalues", "params", "ids"}]
            values += call.args[1:2] if name.endswith("parametrize") else []
            if name.endswith(("parametrize", "fixture")):
                problems += [
                    module.at(value, f"takes parameters from a set: {ast.unparse(value)}")
                    for value in values
                    if unordered(value, constants)
                ]
    return problems


def collected_twice(tests: Path, temporary: Path, *options: str) -> list[list[str]]:
    """The ids of all tests below a folder, as two processes find them whose clock, hashes and paths differ."""
    collections = []
    for run, (seed, ahead) in enumerate([("1", 0), ("2", FAR_AHEAD_S)]):
        elsewhere = temporary / f"run-{run}"
        elsewhere.mkdir()
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")},
            "PYTHONHASHSEED": seed,
            "CRM_TESTS_AHEAD_S": str(ahead),
            "TMPDIR": str(elsewhere),
            # Servers that are given are neither started nor asked while tests are only collected, and leave none out.
            "CRM_KAFKA": "given",
            "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9",
            "CRM_MONGO": "given",
            "MONGODB_URL": "mongodb://127.0.0.1:9",
        }
        collect = ["-p", "tests.architecture.clock_ahead", "-p", "no:cacheprovider", "--collect-only", "-q"]
        collections.append(
            subprocess.Popen(
                [sys.executable, "-m", "pytest", *collect, *options, str(tests)],
                cwd=ROOT,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        )
    told = [collection.communicate(timeout=DEADLINE_S)[0] for collection in collections]
    for collection, text in zip(collections, told, strict=True):
        assert collection.returncode == 0, text
    return [[line for line in text.splitlines() if "::" in line] for text in told]


def test_nothing_that_changes_is_read_at_import() -> None:
    modules = read(ROOT, "tests", "benchmarks", "services", "shared", "deploy")
    report(
        changing_values(modules),
        "a test may run long after its module was imported, and in another process than where it was collected:",
    )


def test_no_parameters_come_from_a_set() -> None:
    report(unordered_parameters(read(ROOT, "tests")), "give parameters an order, with `sorted` or as a list:")


def test_two_processes_collect_the_same_tests(tmp_path: Path) -> None:
    one, other = collected_twice(ROOT / "tests", tmp_path)
    assert one == other
    files = {file.relative_to(ROOT).as_posix() for file in ROOT.glob("tests/**/test_*.py")}
    assert {line.partition("::")[0] for line in one} == files, "a file of tests was not collected"


@pytest.mark.parametrize(
    "source",
    [
        "from datetime import UTC, datetime\nNOW = datetime.now(UTC)",
        "import datetime as d\nclass Clock:\n    day = d.date.today()",
        "import time\n@pytest.mark.parametrize('odd', [{'nbf': int(time.time()) + 600}])\ndef test_x(odd): ...",
        "from time import time as clock\ndef late(now=clock()): ...",
        "from uuid import uuid4\nasync def made(*, id_=str(uuid4())): ...",
        "from random import choice\nLETTER = [choice('ab') for _ in range(3)]",
        "import random\nRANDOM = random.Random()",
        "from shared.kit.service import new_id\nLEAD = f'lead-{new_id()}'",
        "@pytest.mark.parametrize('x', [1], ids=lambda x: hash(x))\ndef test_x(x): ...",
        "def outer(make=lambda at=time.monotonic(): at): ...",
    ],
)
def test_a_planted_reading_at_import_is_found(plant: Plant, source: str) -> None:
    assert len(changing_values(plant("tests/leads/test_x.py", source))) == 1


@pytest.mark.parametrize(
    "source",
    [
        "from datetime import UTC, datetime\ndef now(): return datetime.now(UTC)",
        "import time\nclock = time.time\nlate = lambda: time.time()",
        "from datetime import time\nNOON = time(12)",
        "import random\nRANDOM = random.Random(7)",
        "from uuid import uuid5\nID = uuid5(SPACE, 'lead')",
        "class Stage:\n    def at(self): return monotonic()",
    ],
)
def test_a_reading_when_the_test_runs_is_no_violation(plant: Plant, source: str) -> None:
    assert changing_values(plant("tests/leads/test_x.py", source)) == []


@pytest.mark.parametrize(
    "values",
    [
        "{'a', 'b'}",
        "set(KNOWN)",
        "frozenset(KNOWN)",
        "list({'a', 'b'})",
        "[*{'a', 'b'}, 'c']",
        "[each for each in {'a', 'b'}]",
        "{each for each in KNOWN}",
        "NAMED",
        "sorted(KNOWN) + list(NAMED - {'a'})",
        "enumerate(NAMED.union(KNOWN))",
    ],
)
@pytest.mark.parametrize("use", ["@pytest.mark.parametrize('x', {})", "@pytest.fixture(params={})"])
def test_planted_parameters_without_an_order_are_found(plant: Plant, use: str, values: str) -> None:
    source = f"KNOWN = ['a']\nNAMED = {{'a', 'b'}}\n{use.replace('{}', values)}\ndef test_x(x): ..."
    assert len(unordered_parameters(plant("tests/leads/test_x.py", source))) == 1


@pytest.mark.parametrize("values", ["['a', 'b']", "sorted({'a', 'b'})", "[{'a', 'b'}]", "TABLE", "sorted(NAMED)"])
def test_parameters_in_an_order_are_no_violation(plant: Plant, values: str) -> None:
    source = (
        f"TABLE = {{'a': 1}}\nNAMED = {{'a', 'b'}}\n@pytest.mark.parametrize('x', {values}, ids=str)\ndef test(x): ..."
    )
    assert unordered_parameters(plant("tests/leads/test_x.py", source)) == []


def test_two_processes_disagree_about_planted_parameters(tmp_path: Path) -> None:
    """Planted in one file, because each collection takes seconds."""
    changing = [
        "[datetime.datetime.now(datetime.UTC).year]",
        "[datetime.date.today().year]",
        "[int(time.time()) // 86400]",
        "[hash('a')]",
        "{str(number) for number in range(100)}",
        "[object()]",
        "[tempfile.gettempdir()]",
    ]
    planted = tmp_path / "planted"
    planted.mkdir()
    (planted / "pytest.ini").touch()
    source = "import datetime, tempfile, time, pytest\n" + "".join(
        f"@pytest.mark.parametrize('x', {values}, ids=str)\ndef test_{number}(x): ...\n"
        for number, values in enumerate(changing)
    )
    (planted / "test_x.py").write_text(source)
    one, other = collected_twice(planted, tmp_path, "-c", str(planted / "pytest.ini"))
    for number, values in enumerate(changing):
        ids = [[line for line in lines if f"::test_{number}[" in line] for lines in (one, other)]
        assert ids[0], values
        assert ids[0] != ids[1], values
