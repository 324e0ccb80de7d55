"""Teaches schemathesis what preferences, countries, stages and searches look like, and that it can make no cursor."""

import json
from typing import Any

import schemathesis
from hypothesis import strategies as st

from shared.elements.domain.contact_points import COUNTRIES, folded

names = st.text(st.characters(codec="utf-8"), max_size=50)

schemathesis.openapi.format("preferences", st.sampled_from(["wait=0", "wait=1", "respond-async, wait=1"]))
schemathesis.openapi.format("search-text", names.filter(lambda text: len(folded(text)) > 1))
schemathesis.openapi.format("country-code", st.sampled_from(sorted(COUNTRIES)))
schemathesis.openapi.format("stage-id", st.just("NEW"))
schemathesis.openapi.format("pipeline-id", st.just("default"))
compared = st.dictionaries(
    st.sampled_from(["id", "number", "created_by", "created_at", "nonsense"]), names | st.integers()
)
schemathesis.openapi.format("filter", compared.map(json.dumps))


@schemathesis.hook
def before_call(context: schemathesis.HookContext, case: schemathesis.Case[Any], kwargs: dict[str, Any]) -> None:
    """Ask for the first page where all is meant to be valid: cursors are sealed, and lists alone can make them."""
    del context, kwargs
    if case.meta is None or case.meta.generation.mode.is_positive:
        for part in (case.query, case.body):
            if isinstance(part, dict):
                part.pop("cursor", None)
