"""Which requirement is held by which test: the list in docs/requirements.md and the ids in the tests' docstrings agree.

`python -m tests.architecture.requirements` writes the names of the tests into the list; what is built, people say.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = ROOT / "docs" / "requirements.md"
SHOWN: Final = 2
_ID: Final = re.compile(r"\b[A-Z]{2,6}-\d\d\b")
_RANGE: Final = re.compile(r"\b([A-Z]{2,6})-(\d\d) to (?:\1-)?(\d\d)\b")
_ROW: Final = re.compile(r"^\| ([A-Z]{2,6}-\d\d) \| (.*?) \| (built|partly|not yet) \| (.*?) ?\|$")


def ids_in(text: str) -> set[str]:
    """Ids that a text names, those within `CLI-01 to CLI-03` included."""
    found = set(_ID.findall(text))
    for family, first, last in _RANGE.findall(text):
        found |= {f"{family}-{number:02d}" for number in range(int(first), int(last) + 1)}
    return found


def held_by() -> dict[str, list[str]]:
    """By id, the tests whose docstrings name it, in the order of their files."""
    found: dict[str, list[str]] = {}
    for file in sorted(ROOT.glob("tests/**/test_*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name.startswith("test_"):
                for id_ in ids_in(ast.get_docstring(node) or ""):
                    found.setdefault(id_, []).append(f"{file.relative_to(ROOT)}::{node.name}")
    return found


def rows(page: str) -> Iterator[tuple[str, str, str, str]]:
    """Id, words, state and tests of every requirement."""
    for line in page.splitlines():
        if row := _ROW.match(line):
            yield row[1], row[2], row[3], row[4]


def written(page: str) -> str:
    """The page with the names of the tests as they are now."""
    tests = held_by()

    def line(text: str) -> str:
        row = _ROW.match(text)
        if row is None:
            return text
        named = tests.get(row[1], [])
        shown = " ".join(f"`{name}`" for name in named[:SHOWN])
        more = f" and {len(named) - SHOWN} more" if len(named) > SHOWN else ""
        return f"| {row[1]} | {row[2]} | {row[3]} | {shown}{more} |"

    return "\n".join(map(line, page.splitlines())) + "\n"


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
