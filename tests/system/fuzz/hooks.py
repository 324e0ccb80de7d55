"""Teaches schemathesis what cursors, preferences, countries, stages and searches look like."""

import json
from datetime import UTC
from decimal import Decimal

import schemathesis
from hypothesis import strategies as st

from shared.elements.domain.contact_points import COUNTRIES, folded
from shared.elements.store.list_cursors import ListCursor, Place
from shared.kit.storage.pages import encode_cursor

ids = st.uuids().map(str)
names = st.text(st.characters(codec="utf-8"), max_size=50)

schemathesis.openapi.format("preferences", st.sampled_from(["wait=0", "wait=1", "respond-async, wait=1"]))
schemathesis.openapi.format("search-text", names.filter(lambda text: len(folded(text)) > 1))
schemathesis.openapi.format("country-code", st.sampled_from(sorted(COUNTRIES)))
schemathesis.openapi.format("stage-id", st.just("NEW"))
schemathesis.openapi.format("pipeline-id", st.just("default"))
schemathesis.openapi.format("cursor-of-newest", st.builds(encode_cursor, st.datetimes(timezones=st.just(UTC)), ids))
digests, moments = st.text("0123456789abcdef", min_size=32, max_size=32), st.datetimes(timezones=st.just(UTC))
values = st.one_of(moments, st.integers(-(2**63), 2**63 - 1), st.none(), names, st.just(Decimal("9.50")))
places = st.builds(Place, st.lists(values, min_size=1, max_size=2).map(tuple), ids)
schemathesis.openapi.format("cursor-of-list", st.builds(ListCursor, digests, moments, places).map(lambda one: one.text))
compared = st.dictionaries(
    st.sampled_from(["id", "number", "created_by", "created_at", "nonsense"]), names | st.integers()
)
schemathesis.openapi.format("filter", compared.map(json.dumps))
