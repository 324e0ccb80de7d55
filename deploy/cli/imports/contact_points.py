"""Phones, e-mails, websites and messengers as the lines of a cell, both ways."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from deploy.cli.imports.mapping_rules import PointRule

USUAL: Final = "WORK"
"""The kind that an exported line does not name."""
_KINDED: Final = re.compile(r"([A-Z0-9]+): (.+)")


def read_points(rule: PointRule, cell: str) -> Iterator[dict[str, str]]:
    """What to send for the cell; nothing for an empty one."""
    for line in cell.split(rule.separator):
        kind, value = rule.kind, line.strip()
        if rule.kinded and (found := _KINDED.fullmatch(value)):
            kind, value = found.groups()
        if value:
            yield {"value": value, **({"kind": kind} if kind else {})}


def written_points(points: Iterable[Mapping[str, Any]]) -> str:
    """A cell that a rule with `kinded` and the kind `WORK` reads back as these."""
    return "\n".join(_line(point["kind"], " ".join(point["value"].splitlines())) for point in points)


def _line(kind: str, value: str) -> str:
    return value if kind == USUAL and not _KINDED.fullmatch(value) else f"{kind}: {value}"
