"""The project's own source as syntax trees, and what the checks ask of it.

A check takes modules and returns what is wrong as `path:line: message`, so that it can be tried on a planted module.
"""

import ast
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).parents[2]
SERVICES = tuple(sorted(file.parent.name for file in ROOT.glob("services/*/__init__.py")))


@dataclass(frozen=True)
class Module:
    """One source file; `path` is relative to the project."""

    path: str
    tree: ast.Module

    @property
    def name(self) -> str:
        """As it is imported."""
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @property
    def room(self) -> str:
        """`domain` of `services/leads/lead/domain/lead.py` and of `shared/elements/domain/stages.py`, else empty."""
        parts = self.path.split("/")
        if parts[0] == "services" and len(parts) > 3:
            return parts[3].removesuffix(".py")
        return parts[2].removesuffix(".py") if parts[:2] == ["shared", "elements"] and len(parts) > 3 else ""

    @property
    def rooms(self) -> str:
        """Where its neighbours are: `services.leads.lead`, or `shared.elements`."""
        return ".".join(self.path.split("/")[: 3 if self.path.startswith("services/") else 2])

    @property
    def service(self) -> str:
        """`services.leads` of any file of that service."""
        return ".".join(self.path.split("/")[:2])

    def at(self, node: ast.AST, message: str) -> str:
        return f"{self.path}:{getattr(node, 'lineno', 1)}: {message}"

    def is_in(self, *patterns: str) -> bool:
        return any(fnmatch(self.path, pattern) for pattern in patterns)

    def imports(self) -> Iterator[tuple[ast.AST, str]]:
        """What it imports, as full dotted names: `shared.kit.domain.Cause`."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((node, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield from ((node, f"{node.module}.{alias.name}") for alias in node.names)

    def calls(self) -> Iterator[tuple[ast.Call, str]]:
        """What it calls, as it is written: `datetime.now`, `self._sender.send`."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call):
                yield node, ast.unparse(node.func)

    def names(self) -> Iterator[tuple[ast.AST, str]]:
        """Every name and attribute that it mentions."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Name):
                yield node, node.id
            elif isinstance(node, ast.Attribute):
                yield node, node.attr
            elif isinstance(node, ast.alias):
                yield node, node.name.rpartition(".")[2]


Check = Callable[[Iterable[Module]], list[str]]


def read(root: Path = ROOT, *folders: str) -> list[Module]:
    """The modules below some folders; of the whole product by default."""
    files = sorted(
        file for folder in folders or ("services", "shared", "deploy") for file in root.glob(f"{folder}/**/*.py")
    )
    return [Module(file.relative_to(root).as_posix(), ast.parse(file.read_text())) for file in files]


def within(name: str, *packages: str) -> bool:
    """Whether a dotted name is one of these packages or lies below one."""
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def rooms(modules: Iterable[Module], *wanted: str) -> Iterator[Module]:
    return (module for module in modules if module.room in wanted)


def report(problems: Iterable[str], rule: str) -> None:
    """Fail with the rule and every place that breaks it."""
    found = sorted(set(problems))
    assert not found, "\n".join([rule, *found])
