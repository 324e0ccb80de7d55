"""Names and docstrings use the field's terms (docs/glossary.md), not stage names."""

import ast
import re
from collections.abc import Iterable, Iterator
from typing import Final

import pytest

from tests.architecture.conftest import Plant
from tests.architecture.sources import ROOT, Module, read, report

BANNED: Final = ("arrival", "departure", "farewell", "nobody", "somebody", "surprise", "welcome", "whoever")
_WORDS: Final = re.compile(rf"(?<![a-z])({'|'.join(BANNED)})s?(?![a-z])", re.IGNORECASE)


def docstrings(module: Module) -> Iterator[tuple[ast.AST, str]]:
    """Every text that stands alone: docstrings of modules, classes and functions, and those after assignments."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node, node.value.value


def defined_names(module: Module) -> Iterator[tuple[ast.AST, str]]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node, node.name
        elif isinstance(node, ast.arg):
            yield node, node.arg
        elif isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node, node.id if isinstance(node, ast.Name) else node.attr


def banned(modules: Iterable[Module]) -> list[str]:
    return [
        module.at(node, f"{found[0]!r} in {kind}")
        for module in modules
        for kind, texts in (("a docstring", docstrings(module)), ("a name", defined_names(module)))
        for node, text in texts
        if (found := _WORDS.search(text.replace("_", " ")))
    ] + [f"{module.path}: {word!r} in its path" for module in modules for word in BANNED if word in module.path]


def test_names_and_docstrings_use_the_terms_of_the_glossary() -> None:
    report(banned(read()), "docs/glossary.md has the field's term for:")


def test_the_glossary_has_a_term_for_every_banned_word() -> None:
    glossary = (ROOT / "docs" / "glossary.md").read_text().lower()
    assert [word for word in BANNED if word not in glossary] == []


@pytest.mark.parametrize(
    "source",
    [
        '"""The surprise: it is late."""',
        "class Departures: ...",
        "def welcome(lead): ...",
        "def link(arrivals): ...",
        'X = 1\n"""Nobody uses it."""',
        "self.farewell = None",
    ],
)
def test_a_planted_word_is_found(plant: Plant, source: str) -> None:
    assert banned(plant("shared/kit/thing.py", source))


def test_a_word_inside_of_another_one_or_a_value_is_no_violation(plant: Plant) -> None:
    assert banned(plant("shared/kit/thing.py", 'NAME = "departures"\nunwelcomed = 1')) == []
