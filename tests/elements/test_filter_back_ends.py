"""A filter finds in MongoDB exactly the records that it finds in memory (DEAL-01).

`CRM_FILTER_EXAMPLES` tries as many sets of records, each with several filters; the long form is 10,000 filters.
"""

import os
from collections.abc import Iterator
from typing import Any, Final
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymongo import MongoClient
from pymongo.collection import Collection

from deploy.local.mongo import Mongo
from shared.elements.domain.filters.evaluation import matches
from shared.elements.domain.filters.parsing import parse_filter
from shared.elements.store.filter_compiler import compiled
from shared.kit.storage.codecs import CODEC
from shared.kit.storage.indexes import AS_PEOPLE_SORT
from tests.builders.filters import FIELDS, NOW, PATTERNS, TEXTS, documents, filters

EXAMPLES: Final = int(os.environ.get("CRM_FILTER_EXAMPLES", "300"))
FILTERS_OF_A_SET: Final = 5

sets = st.lists(documents, min_size=1, max_size=12)
asked = st.lists(filters, min_size=FILTERS_OF_A_SET, max_size=FILTERS_OF_A_SET)


@pytest.fixture(scope="module")
def stored(mongo: Mongo) -> Iterator[Collection[dict[str, Any]]]:
    name = f"filters_{uuid4().hex[:8]}"
    with MongoClient[dict[str, Any]](mongo.url, tz_aware=True) as client:
        yield client.get_database(name, codec_options=CODEC)["records"]
        client.drop_database(name)


def found(collection: Collection[dict[str, Any]], raw: Any, *, collated: bool = False) -> list[int]:
    where = compiled(parse_filter(raw, FIELDS, now=NOW), collated=collated)
    collation = AS_PEOPLE_SORT if collated else None
    return [each["_id"] for each in collection.find(where, {"_id": 1}, collation=collation).sort("_id", 1)]


def put(collection: Collection[dict[str, Any]], records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Store the records in place of those that are there, and return them as they are read."""
    collection.delete_many({})
    collection.insert_many([{**record, "_id": place} for place, record in enumerate(records)])
    return list(collection.find().sort("_id", 1))


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(sets, asked)
def test_both_back_ends_find_the_same_records(
    stored: Collection[dict[str, Any]], records: list[dict[str, Any]], raws: list[Any]
) -> None:
    read = put(stored, records)
    for raw in raws:
        node = parse_filter(raw, FIELDS, now=NOW)
        expected = [place for place, record in enumerate(records) if matches(node, record)]
        assert [record["_id"] for record in read if matches(node, record)] == expected, raw
        assert found(stored, raw) == expected, raw
        assert found(stored, raw, collated=True) == expected, raw


def test_every_pattern_means_the_same_for_every_text(stored: Collection[dict[str, Any]]) -> None:
    records: list[dict[str, Any]] = [{"title": text} for text in TEXTS]
    put(stored, records)
    for pattern in PATTERNS:
        for operator in ("like", "not like"):
            raw = {"title": {operator: pattern}}
            node = parse_filter(raw, FIELDS, now=NOW)
            expected = [place for place, record in enumerate(records) if matches(node, record)]
            assert found(stored, raw) == expected, raw


def test_a_pattern_of_the_greatest_length_is_found_in_a_long_text(stored: Collection[dict[str, Any]]) -> None:
    put(stored, [{"comments": "a" * 20_000}, {"comments": "a" * 19_999 + "b"}])
    assert found(stored, {"comments": {"like": "%a" * 120 + "%b"}}) == [1]
