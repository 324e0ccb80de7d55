"""Teaches schemathesis what cursors, preferences, countries, stages and searches look like."""

from datetime import UTC

import schemathesis
from hypothesis import strategies as st

from shared.elements.domain.contact_points import COUNTRIES, folded
from shared.kit.storage.pages import encode_cursor

ids = st.uuids().map(str)
names = st.text(st.characters(codec="utf-8"), max_size=50)

schemathesis.openapi.format("preferences", st.sampled_from(["wait=0", "wait=1", "respond-async, wait=1"]))
schemathesis.openapi.format("search-text", names.filter(lambda text: len(folded(text)) > 1))
schemathesis.openapi.format("country-code", st.sampled_from(sorted(COUNTRIES)))
schemathesis.openapi.format("stage-id", st.just("NEW"))
schemathesis.openapi.format("pipeline-id", st.just("default"))
schemathesis.openapi.format("cursor-of-newest", st.builds(encode_cursor, st.datetimes(timezones=st.just(UTC)), ids))
schemathesis.openapi.format("cursor-of-products", st.builds(encode_cursor, st.integers(0, 10**6).map(str), names, ids))
