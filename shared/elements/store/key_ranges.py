"""Work a filter out into the ranges of keys that all its records are in, whatever the order of the list (DEAL-01)."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.elements.domain.filters.errors import FilterTooWide
from shared.elements.domain.filters.nodes import All, Condition, Node
from shared.elements.store.index_table import IndexGroup, IndexTable
from shared.elements.store.query_plan import bounds, equalities, keys_of, possible_branches, serves
from shared.elements.store.rare_keys import LOOKED_UP, by_length


@dataclass(frozen=True, slots=True)
class KeyRange:
    """Conditions that an index finds alone.

    Attributes:
        keys: the most keys that lead to one record.
    """

    index: str
    conditions: All
    keys: int = 1


@dataclass(frozen=True, slots=True)
class Alternative:
    """What has to hold together, and the ranges that everything is in for which it does; those with fewest first."""

    whole: All
    ranges: Sequence[KeyRange]


def alternatives_of(node: Node, table: IndexTable) -> Sequence[Alternative]:
    """Return the alternatives of a filter; none where they are too many, or where one of them is in no range."""
    try:
        found = [Alternative(All(tuple(each)), ranges_of(each, table)) for each in possible_branches(node, table)]
    except FilterTooWide:
        return []
    return found if all(each.ranges for each in found) else []


def ranges_of(nodes: Sequence[Node], table: IndexTable) -> Sequence[KeyRange]:
    """Return the ranges that all records of an alternative are in: of what is searched for, and of each index."""
    named = equalities(nodes)
    equal = {**table.choices.beside(named), **named}
    ranges = list[KeyRange]()
    if table.searched_by is not None:
        sought = [node for node in nodes if isinstance(node, Condition) and node.operator == "begins"]
        ranges += [KeyRange(table.searched_by, All((word,))) for word in by_length(sought)[:LOOKED_UP]]
    for group in table.groups:
        ordered = [] if group.order in table.collated else [node for node in nodes if _is_on_order(node, group)]
        if serves(group, equal) and (named.keys() & group.fields or (ordered and not group.fields)):
            conditions = [equal[name] for name in group.fields]
            ranges.append(KeyRange(group.index, All((*conditions, *ordered)), keys_of(conditions)))
    return ranges


def _is_on_order(node: Node, group: IndexGroup) -> bool:
    """Return whether a condition says where in the order of an index its records are."""
    if group.order is None or not isinstance(node, Condition):
        return False
    return bounds(node, group.order) or (node.field.name == group.order and node.operator == "in")
