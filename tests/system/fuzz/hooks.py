"""Teaches schemathesis what cursors, preferences and searches look like: pages are asked for, and waits are short."""

from datetime import UTC

import schemathesis
from hypothesis import strategies as st

from shared.kit.storage.pages import encode_cursor

ids = st.uuids().map(str)
names = st.text(st.characters(codec="utf-8"), max_size=50)

schemathesis.openapi.format("preferences", st.sampled_from(["wait=0", "wait=1", "respond-async, wait=1"]))
schemathesis.openapi.format("search-text", names.filter(lambda text: len(text.strip()) > 1))
schemathesis.openapi.format("cursor-of-newest", st.builds(encode_cursor, st.datetimes(timezones=st.just(UTC)), ids))
schemathesis.openapi.format("cursor-of-products", st.builds(encode_cursor, st.integers(0, 10**6).map(str), names, ids))
