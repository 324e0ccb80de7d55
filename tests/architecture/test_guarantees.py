"""The pages about guarantees and attacks name tests that exist."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = {name: (ROOT / "docs" / f"{name}.md").read_text() for name in ("guarantees", "attacks")}
NAMED = sorted({each for page in PAGES.values() for each in re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", page)})
HEADINGS = ("| promise |", "| what fails |", "| aggregate |", "| attack |")


def functions(file: Path) -> set[str]:
    tree = ast.parse(file.read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))}


def test_the_pages_name_tests() -> None:
    assert len(NAMED) > 100


@pytest.mark.parametrize(("file", "test"), NAMED)
def test_a_named_test_exists(file: str, test: str) -> None:
    assert test in functions(ROOT / file)


@pytest.mark.parametrize("name", PAGES)
def test_each_row_names_a_test(name: str) -> None:
    rows = [line for line in PAGES[name].splitlines() if line.startswith("| ") and not line.startswith("| ---")]
    assert [row for row in rows if "::test_" not in row and not row.startswith(HEADINGS)] == []
