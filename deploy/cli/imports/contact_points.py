"""Read and write phones, e-mails, websites and messengers as the lines of a cell."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from deploy.cli.imports.mapping_rules import PointRule

DEFAULT_KIND: Final = "WORK"
"""The kind that an exported line does not name."""
_LABELS: Final = {
    "FAX": ("fax",),
    "MOBILE": ("mobil", "cell", "handy", "iphone"),
    "PAGER": ("pager",),
    "HOME": ("home", "privat"),
    "WORK": ("work", "office", "business", "main", "company"),
}
"""Parts of labels by the kind that they mean, the first that fits."""
_OF_EMAILS: Final = {"HOME", "WORK"}
_KINDED: Final = re.compile(r"([A-Z0-9]+): (.+)")


def kind_of_label(label: str, name: str) -> str:
    """Return the kind of a phone or an e-mail (`name` is phones or emails) that other programs label like this."""
    folded = label.casefold()
    kinds = [kind for kind, words in _LABELS.items() if any(word in folded for word in words)]
    return next((kind for kind in kinds if name == "phones" or kind in _OF_EMAILS), "OTHER")


def read_points(rule: PointRule, cell: str, name: str = "", label: str = "") -> Iterator[dict[str, str]]:
    """Yield the contact points of the cell; `name` is the kind of list, `label` the cell of its column of kinds."""
    for line in cell.split(rule.separator):
        kind, value = kind_of_label(label, name) if label else rule.kind, line.strip()
        if rule.kinded and (found := _KINDED.fullmatch(value)):
            kind, value = found.groups()
        if value:
            yield {"value": value, **({"kind": kind} if kind else {})}


def write_points(points: Iterable[Mapping[str, Any]]) -> str:
    """Write a cell that a rule with `kinded` and the kind `WORK` reads back as these."""
    return "\n".join(_line(point["kind"], " ".join(point["value"].splitlines())) for point in points)


def _line(kind: str, value: str) -> str:
    return value if kind == DEFAULT_KIND and not _KINDED.fullmatch(value) else f"{kind}: {value}"
