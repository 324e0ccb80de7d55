"""Keep the masters as files that a person can read, and tell in a few lines where something differs from them."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

MASTERS: Final = Path(__file__).with_name("masters")
_MOST: Final = 40
_WIDTH: Final = 100


def write(masters: Mapping[str, Any], folder: Path) -> None:
    """Make the folder hold these masters, by name, and no others."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in folder.glob("*.json"):
        file.unlink()
    for name, master in masters.items():
        text = json.dumps(master, indent=2, sort_keys=True, ensure_ascii=False)
        (folder / f"{name}.json").write_text(f"{text}\n")


def read(folder: Path) -> dict[str, Any]:
    """The masters in a folder, by name."""
    return {file.stem: json.loads(file.read_text()) for file in sorted(folder.glob("*.json"))}


def report(master: Any, today: Any) -> str:
    """The first places that differ, one a line; empty where none does."""
    lines = list(differences(master, today))
    more = [f"... and {len(lines) - _MOST} more"] if len(lines) > _MOST else []
    return "\n".join(lines[:_MOST] + more)


def differences(master: Any, today: Any, place: str = "") -> Iterator[str]:
    """Each place that differs: `-` gone, `+` new, `~` changed."""
    if isinstance(master, dict) and isinstance(today, dict):
        for key in sorted({*master, *today}):
            here = f"{place} > {key}" if place else key
            if key not in today:
                yield f"- {here}: {_short(master[key])}"
            elif key not in master:
                yield f"+ {here}: {_short(today[key])}"
            else:
                yield from differences(master[key], today[key], here)
    elif isinstance(master, list) and isinstance(today, list) and len(master) == len(today):
        for number, (old, new) in enumerate(zip(master, today, strict=True)):
            yield from differences(old, new, f"{place}[{number}]")
    elif isinstance(master, list) and isinstance(today, list):
        yield from (f"- {place}[]: {_short(old)}" for old in _without(master, today))
        yield from (f"+ {place}[]: {_short(new)}" for new in _without(today, master))
    elif _text(master) != _text(today):  # unlike `==`, this tells true from 1
        yield f"~ {place}: {_short(master)} -> {_short(today)}"


def _without(these: list[Any], others: list[Any]) -> list[Any]:
    """What is left when each of the others has taken its like away."""
    left = [_text(each) for each in these]
    for other in map(_text, others):
        if other in left:
            left.remove(other)
    return [json.loads(each) for each in left]


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def _short(value: Any) -> str:
    text = _text(value)
    return text if len(text) <= _WIDTH else f"{text[:_WIDTH]}..."
