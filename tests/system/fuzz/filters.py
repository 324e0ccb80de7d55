"""Hooks of a run that asks lists for nothing but filters, all of them valid.

As the description alone would have it, nearly every filter has a condition on every field, and is refused as too large.
The formats of `hooks` are known here as well.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

import schemathesis
from hypothesis import strategies as st

from services.timeline.entry.domain.kinds import KINDS
from shared.elements.schemas.filters import MAX_FILTER
from tests.system.fuzz import hooks

DEPTH: Final = 3
GROUPS: Final = {"and", "or", "not"}

_texts, _kinds = hooks.names.filter(lambda text: "\0" not in text), st.sampled_from(KINDS)
_stages = st.fixed_dictionaries(
    {},
    optional={
        "id": _texts | st.fixed_dictionaries({"not in": st.lists(_texts, min_size=1)}),
        "sort": st.integers(0, 100) | st.fixed_dictionaries({">=": st.integers(0, 100)}),
        "system": st.booleans(),
        "color": st.fixed_dictionaries({"empty": st.booleans()}),
    },
)
_timeline = st.fixed_dictionaries(
    {"kind": _kinds | st.fixed_dictionaries({"in": st.lists(_kinds, min_size=1, max_size=3)})}
)
UNDESCRIBED: Final[Mapping[str, st.SearchStrategy[Any]]] = {
    "/v1/lead-stages": _stages,
    "/v1/deal-stages": _stages,
    "/v1/timeline": _timeline,
}
"""Filters of lists that have no route whose body describes them."""


@st.composite
def few_of(draw: st.DrawFn, filter_: Mapping[str, Any], depth: int = DEPTH) -> dict[str, Any]:
    """A few of the conditions of a filter."""
    names = sorted(name for name in filter_ if depth or name not in GROUPS)
    kept = draw(st.lists(st.sampled_from(names), min_size=1, max_size=5, unique=True)) if names else ()

    def part(name: str) -> Any:
        value = filter_[name]
        if name == "not":
            return draw(few_of(value, depth - 1))
        return [draw(few_of(each, depth - 1)) for each in value[:2]] if name in GROUPS else value

    return {name: part(name) for name in kept}


@schemathesis.hook
def flatmap_body(context: schemathesis.HookContext, body: Any) -> st.SearchStrategy[Any]:
    """Ask for the first page of what passes a few conditions."""
    assert context.operation is not None
    if not isinstance(body, dict) or not context.operation.path.endswith("/query"):
        return st.just(body)
    first = {name: value for name, value in body.items() if name != "cursor"}
    return few_of(body.get("filter") or {}).map(lambda filter_: {**first, "filter": filter_})


@schemathesis.hook
def flatmap_query(context: schemathesis.HookContext, query: Any) -> st.SearchStrategy[Any]:
    """Filter in the address by what the body of the same list may have, and by nothing else."""
    operation = context.operation
    assert operation is not None
    if operation.method.upper() != "GET":
        return st.just(query)
    kept = {name: value for name, value in (query or {}).items() if name in {"element", "limit", "total"}}
    filters = UNDESCRIBED.get(operation.path)
    if filters is None:
        filters = (
            operation.schema[f"{operation.path}/query"]["POST"].as_strategy().map(lambda case: case.body["filter"])
        )
    texts = filters.map(json.dumps).filter(lambda text: len(text) <= MAX_FILTER)
    return texts.map(lambda text: {**kept, "filter": text})
