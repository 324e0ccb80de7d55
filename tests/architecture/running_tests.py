"""Which tests run over the API of a running service, found in the syntax trees of the tests.

A service runs where `add_service` starts its process, or where the app that a composition root (`build`) returns is
started in this process. A test runs over it that does so itself, or that takes a fixture which does, directly or
through other fixtures and functions, and uses it for more than its database.
"""

import ast
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Final, TypeAlias

from tests.architecture.sources import ROOT, Module, read

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
_FUNCTIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef)
_BESIDE_THE_API: Final = frozenset({"database", "documents", "pending", "signer"})
"""What a running service is asked for that is not its API."""


class TestFiles:
    """The test files of the project; names are looked up in them as Python and pytest do."""

    __test__ = False

    def __init__(self, root: Path = ROOT) -> None:
        self._modules = {module.path: module for module in read(root, "tests")}
        self._known: dict[tuple[str, str], bool] = {}

    @cached_property
    def tests(self) -> dict[str, tuple[str, Function]]:
        """Test functions by their names in pytest, with their files."""
        return {
            f"{path}::{name}": (path, function)
            for path, functions in self._functions.items()
            for name, function in functions.items()
            if name.startswith("test_") and path.rpartition("/")[2].startswith("test_")
        }

    def runs_over_the_api(self, test: str) -> bool:
        """Whether a test, `tests/leads/test_http.py::test_x`, asks a running service."""
        path, function = self.tests[test]
        if self._starts_itself(path, function):
            return True
        return self._asks_a_parameter(path, function)

    def is_left_out(self, test: str) -> bool:
        """Whether a mark lets a test be skipped or fail."""
        marks = " ".join(ast.unparse(decorator) for decorator in self.tests[test][1].decorator_list)
        return "skip" in marks or "xfail" in marks

    @cached_property
    def _functions(self) -> dict[str, dict[str, Function]]:
        return {
            path: {node.name: node for node in module.tree.body if isinstance(node, _FUNCTIONS)}
            for path, module in self._modules.items()
        }

    @cached_property
    def _imports(self) -> dict[str, dict[str, tuple[str, str]]]:
        """By file, what a name stands for that comes from another test file: its file and its name there."""
        return {path: dict(_imported(module)) for path, module in self._modules.items()}

    def _starts(self, path: str, name: str) -> bool:
        """Whether a function or fixture that a file can name starts a service."""
        found = self._find(path, name)
        if found is None:
            return False
        if found not in self._known:
            self._known[found] = False  # while it is looked at: circles end
            where, function = found[0], self._functions[found[0]][found[1]]
            self._known[found] = self._starts_itself(where, function) or (
                _is_fixture(function) and self._asks_a_parameter(where, function)
            )
        return self._known[found]

    def _asks_a_parameter(self, path: str, function: Function) -> bool:
        """Whether a test or a fixture uses a fixture that is a running service, for more than its database."""
        given = _parametrized(function)
        running = (name for name in _parameters(function) if name not in given and self._starts(path, name))
        return any(_is_asked(function, name) for name in running)

    def _starts_itself(self, path: str, function: Function) -> bool:
        for call in (node for node in ast.walk(function) if isinstance(node, ast.Call)):
            if isinstance(call.func, ast.Attribute):
                takes_a_root = "build" in _parameters(function)
                if call.func.attr == "add_service" or (call.func.attr == "lifespan_context" and takes_a_root):
                    return True
            elif isinstance(call.func, ast.Name) and self._starts(path, call.func.id):
                return True
        return False

    def _find(self, path: str, name: str) -> tuple[str, str] | None:
        """The file and name of what a file calls by this name: its own, an imported one, one of a conftest above."""
        for place in (path, *_conftests(path)):
            if name in self._functions.get(place, {}):
                return place, name
            file, original = self._imports.get(place, {}).get(name, ("", ""))
            if original in self._functions.get(file, {}):
                return file, original
        return None


def _parameters(function: Function) -> list[str]:
    return [each.arg for each in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)]


def _parametrized(function: Function) -> set[str]:
    """Parameters that `pytest.mark.parametrize` fills, so no fixtures."""
    marks = (mark for mark in function.decorator_list if "parametrize" in ast.unparse(mark))
    texts = (node for mark in marks if isinstance(mark, ast.Call) for node in ast.walk(mark.args[0]))
    values = [node.value for node in texts if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return {name.strip() for value in values for name in value.split(",")}


def _is_fixture(function: Function) -> bool:
    return any("fixture" in ast.unparse(decorator) for decorator in function.decorator_list)


def _is_asked(function: Function, name: str) -> bool:
    """Whether the body uses a parameter otherwise than for what is beside its API."""
    beside = {
        id(node.value)
        for node in ast.walk(function)
        if isinstance(node, ast.Attribute) and node.attr in _BESIDE_THE_API
    }
    body = (node for statement in function.body for node in ast.walk(statement))
    return any(isinstance(node, ast.Name) and node.id == name and id(node) not in beside for node in body)


def _imported(module: Module) -> Iterator[tuple[str, tuple[str, str]]]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tests"):
            file = f"{(node.module or '').replace('.', '/')}.py"
            yield from ((alias.asname or alias.name, (file, alias.name)) for alias in node.names)


def _conftests(path: str) -> Iterator[str]:
    for folder in Path(path).parents:
        yield (folder / "conftest.py").as_posix()
