"""Files and functions stay readable at one sitting; the bounds are those of the floor plan."""

import ast
from collections.abc import Iterable
from typing import Final

from tests.architecture.conftest import Plant
from tests.architecture.sources import ROOT, Module, read, report

LARGEST_FILE: Final = 300
USUAL_FILE: Final = 170
USUAL_SHARE: Final = 0.9
LONG_FUNCTION: Final = 40
LONG_FUNCTIONS: Final = 10


def lines_of(module: Module) -> int:
    return len((ROOT / module.path).read_text().splitlines())


def long_functions(modules: Iterable[Module], most: int = LONG_FUNCTION) -> list[str]:
    return [
        module.at(node, f"{node.name} has {length} lines")
        for module in modules
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or node.lineno) - node.lineno + 1) > most
    ]


def complexity_waived(module: Module) -> list[str]:
    """Routers that ask the linter to look away from their complexity."""
    lines = (ROOT / module.path).read_text().splitlines()
    return [
        f"{module.path}:{number}: {line.strip()}"
        for number, line in enumerate(lines, start=1)
        if "noqa" in line and any(rule in line for rule in ("C901", "PLR0911", "PLR0912", "PLR0915"))
    ]


def test_no_file_is_too_large() -> None:
    large = [f"{module.path}: {lines_of(module)}" for module in read() if lines_of(module) > LARGEST_FILE]
    report(large, f"split by topic what has more than {LARGEST_FILE} lines:")


def test_most_files_are_short() -> None:
    sizes = {module.path: lines_of(module) for module in read()}
    longer = sorted((path for path, size in sizes.items() if size > USUAL_FILE), key=lambda path: -sizes[path])
    share = 1 - len(longer) / len(sizes)
    assert share >= USUAL_SHARE, f"{share:.1%} have at most {USUAL_FILE} lines; longer: {', '.join(longer)}"


def test_few_functions_are_long() -> None:
    found = long_functions(read())
    assert len(found) <= LONG_FUNCTIONS, "\n".join(found)


def test_no_router_waives_complexity() -> None:
    report((found for module in read() for found in complexity_waived(module)), "split the router instead:")


def test_a_planted_long_function_is_found(plant: Plant) -> None:
    source = "def long():\n" + "    x = 1\n" * LONG_FUNCTION
    assert long_functions(plant("shared/kit/thing.py", source))
    assert long_functions(plant("shared/kit/thing.py", "def short():\n    x = 1\n")) == []
