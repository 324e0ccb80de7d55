"""The kinds of entries that a filter lets pass (TL-01): there are so few that each is asked about in memory."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, get_args

from services.timeline.entry.domain.entry import Entry
from services.timeline.entry.domain.narration.line import Kind
from shared.elements.domain.fields import CatalogueField, fields_of
from shared.elements.domain.filters.evaluation import matches
from shared.elements.domain.filters.nodes import Node
from shared.elements.domain.filters.parsing import Spelling

KINDS: Final = get_args(Kind)
FIELDS: Final[Mapping[str, CatalogueField]] = {"kind": fields_of(Entry)["kind"]}
"""What timelines are filtered by: of an entry its index has the kind."""


def _known(kind: str) -> str | None:
    return kind if kind in KINDS else None


SPELLINGS: Final = {
    "kind": Spelling("kind", _known, "kind", refused=f"there is no such kind; there are {', '.join(KINDS)}")
}
"""A kind that there is not is refused, as it is in `types`."""


def kinds_passing(node: Node, named: Collection[str]) -> Sequence[str] | None:
    """Return the kinds that pass a filter and, where any are named, are among these; None where every kind is."""
    entries: Sequence[tuple[str, Mapping[str, Any]]] = [(kind, {"kind": kind}) for kind in KINDS]
    passing = [kind for kind, entry in entries if (not named or kind in named) and matches(node, entry)]
    return None if len(passing) == len(KINDS) else passing
