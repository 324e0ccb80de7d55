"""Work a filter out into few alternatives, each of them a list of conditions that all have to hold."""

from collections.abc import Iterable
from itertools import product
from math import prod
from typing import Final, TypeAlias

from shared.elements.domain.filters.errors import too_wide
from shared.elements.domain.filters.nodes import OPPOSITES, All, AnyOf, Condition, Node, Not

MAX_BRANCHES: Final = 8

Branch: TypeAlias = tuple[Node, ...]
"""What has to hold together: conditions, and negations that are none."""


def branches_of(node: Node) -> tuple[Branch, ...]:
    """Return the alternatives of a filter; a record passes it if it passes one of them.

    Raises:
        FilterTooWide: there are more than 8.
    """
    if isinstance(node, All):
        return _together([branches_of(part) for part in node.parts])
    if isinstance(node, AnyOf):
        return _either(branch for part in node.parts for branch in branches_of(part))
    return _negated(node.part) if isinstance(node, Not) else ((node,),)


def _negated(node: Node) -> tuple[Branch, ...]:
    if isinstance(node, Not):
        return branches_of(node.part)
    if isinstance(node, AnyOf):
        return _together([_negated(part) for part in node.parts])
    if isinstance(node, Condition) and node.operator in OPPOSITES:
        return ((Condition(node.field, OPPOSITES[node.operator], node.operand),),)
    if isinstance(node, Condition) and node.operator == "empty":
        return ((Condition(node.field, "empty", not node.operand),),)
    # "not all of them" is left as it is: no index finds what is missing.
    return ((Not(node),),)


def _together(parts: list[tuple[Branch, ...]]) -> tuple[Branch, ...]:
    if prod(len(part) for part in parts) > MAX_BRANCHES:
        raise too_wide(MAX_BRANCHES)
    return tuple(tuple(dict.fromkeys(node for branch in chosen for node in branch)) for chosen in product(*parts))


def _either(branches: Iterable[Branch]) -> tuple[Branch, ...]:
    """Collect alternatives, those that name values of the same field as one."""
    values: dict[str, Condition] = {}
    others: list[Branch] = []
    for branch in branches:
        first = branch[0] if len(branch) == 1 else None
        if isinstance(first, Condition) and first.operator in {"=", "in"}:
            known = values.get(first.field.name)
            values[first.field.name] = first if known is None else _joined(known, first)
        else:
            others.append(branch)
    found = tuple(dict.fromkeys([*((each,) for each in values.values()), *others]))
    if len(found) > MAX_BRANCHES:
        raise too_wide(MAX_BRANCHES)
    return found


def _joined(one: Condition, other: Condition) -> Condition:
    return Condition(one.field, "in", tuple(dict.fromkeys((*one.values, *other.values))))
