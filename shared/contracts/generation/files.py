"""Write the generated files into the package, or compare them with what is committed.

A sample is a promise: one that its changed class can no longer read stops the run and is left alone; one whose shape
changes is kept under `samples/old`, because what was once published must be readable for ever.
"""

import json
from pathlib import Path
from typing import Any, Final

import crm_contracts
from crm_contracts import registry
from crm_contracts.envelope import MalformedEvent

from generation.samples import sample_text
from generation.schemas import schema_text

PACKAGE: Final = Path(crm_contracts.__file__).parent


class Unreadable(Exception):
    """A committed sample that its class can no longer read."""


def generate() -> dict[str, str]:
    """Return the text of every generated file by its path in the package."""
    events = registry.EVENTS.items()
    schemas = {f"schemas/{ce_type}.json": schema_text(event) for ce_type, event in events}
    return schemas | {f"samples/{ce_type}.json": sample_text(event) for ce_type, event in events}


def stale(root: Path = PACKAGE) -> list[str]:
    """List files that are missing, differ from their class, or belong to no event."""
    wanted = generate()
    files = (*root.glob("schemas/*.json"), *root.glob("samples/*.json"))
    present = {file.relative_to(root).as_posix(): file.read_text() for file in files}
    return sorted(path for path in {*wanted, *present} if wanted.get(path) != present.get(path))


def write(root: Path = PACKAGE) -> list[str]:
    """Bring all files up to date.

    Returns:
        The paths of samples that were kept as old ones, because the new ones have another shape.

    Raises:
        Unreadable: a committed sample can no longer be read; nothing was written.
    """
    wanted = generate()
    unreadable = [path for path in wanted if path.startswith("samples/") and not _readable(root / path)]
    if unreadable:
        raise Unreadable(", ".join(unreadable))
    kept = []
    for path, text in wanted.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        if path.startswith("samples/") and file.is_file() and _shape(file.read_text()) != _shape(text):
            kept.append(_keep(file).relative_to(root).as_posix())
        file.write_text(text)
    return kept


def _readable(file: Path) -> bool:
    if not file.is_file():
        return True
    sample = json.loads(file.read_text())
    try:
        return registry.parse(sample["headers"], json.dumps(sample["data"]).encode()) is not None
    except MalformedEvent:
        return False


def _keep(file: Path) -> Path:
    """Move a sample to `old` under the next free number."""
    old = file.parent / "old"
    old.mkdir(exist_ok=True)
    number = 1 + len(list(old.glob(f"{file.stem}-*.json")))
    return file.rename(old / f"{file.stem}-{number}.json")


def _shape(text: str) -> set[str]:
    """Collect the paths of all fields of a sample, whatever their values."""

    def paths(part: Any, path: str) -> set[str]:
        if isinstance(part, dict):
            return {path}.union(*(paths(value, f"{path}.{name}") for name, value in part.items()))
        if isinstance(part, list):
            return {path}.union(*(paths(value, f"{path}[]") for value in part))
        return {path}

    return paths(json.loads(text), "")
