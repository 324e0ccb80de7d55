"""Read and write phones, e-mails, websites and messengers as the lines of a cell."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from deploy.cli.imports.mapping_rules import PointRule

DEFAULT_KIND: Final = "WORK"
"""The kind that an exported line does not name."""
_KINDED: Final = re.compile(r"([A-Z0-9]+): (.+)")


def read_points(rule: PointRule, cell: str) -> Iterator[dict[str, str]]:
    """Yield the contact points to send for the cell."""
    for line in cell.split(rule.separator):
        kind, value = rule.kind, line.strip()
        if rule.kinded and (found := _KINDED.fullmatch(value)):
            kind, value = found.groups()
        if value:
            yield {"value": value, **({"kind": kind} if kind else {})}


def write_points(points: Iterable[Mapping[str, Any]]) -> str:
    """Write a cell that a rule with `kinded` and the kind `WORK` reads back as these."""
    return "\n".join(_line(point["kind"], " ".join(point["value"].splitlines())) for point in points)


def _line(kind: str, value: str) -> str:
    return value if kind == DEFAULT_KIND and not _KINDED.fullmatch(value) else f"{kind}: {value}"
