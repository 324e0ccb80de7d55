"""What OpenAPI says of filters is what the parser takes; cursors belong to one list (DEAL-01)."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import jsonschema
import pytest
from hypothesis import given, settings

from shared.elements.domain.filters.errors import CursorOfAnotherList
from shared.elements.domain.filters.query import Listed
from shared.elements.schemas.filter_schema import DescribedBy, filter_model
from shared.elements.schemas.list_query import query_in
from shared.elements.store.filtered_lists import WITH_TEXT, WITHOUT_TEXT
from shared.elements.store.list_cursors import ListCursor, Place, PlaceValue, digest_of
from shared.kit.storage.cursors import text_of, written
from shared.kit.web.schemas import MAX_CURSOR
from tests.builders.filters import FIELDS, filters

FILTER = DescribedBy(filter_model("deal", FIELDS))
SCHEMA = query_in("deal", Listed(FIELDS, ["created_at"], ["id", "title"]), FILTER).model_json_schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


@settings(deadline=None)
@given(filters)
def test_whatever_callers_may_write_the_description_allows(raw: Any) -> None:
    VALIDATOR.validate({"filter": raw})


@pytest.mark.parametrize(
    "body",
    [
        {"filter": {"$where": "1"}},
        {"filter": {"nonsense": 1}},
        {"filter": {"title": {"$gt": ""}}},
        {"filter": {"title": {">": ""}}},
        {"filter": {"title": {"like": "a\\b"}}},
        {"filter": {"title": {"in": []}}},
        {"filter": {"title": {"empty": "yes"}}},
        {"filter": {"title": "a\x00"}},
        {"filter": {"title": {}}},
        {"filter": {"comments": "x"}},
        {"filter": {"amount": 1.5}},
        {"filter": {"begin_date": {"hours": 1}}},
        {"filter": {"and": []}},
        {"filter": {"or": [{"not": {"nonsense": 1}}]}},
        {"order": [["title", "asc"]]},
        {"order": [["created_at", "up"]]},
        {"order": []},
        {"select": ["nonsense"]},
        {"count": "exact"},
        {"limit": 201},
    ],
)
def test_what_is_refused_the_description_does_not_allow(body: Any) -> None:
    assert not VALIDATOR.is_valid(body)


@pytest.mark.parametrize(
    "values",
    [
        (datetime(2026, 3, 31, 9, 30, 0, 1000, tzinfo=UTC),),
        (-7,),
        (Decimal("0E+3"),),
        (Decimal("-12345678901234567890.0123456789"),),
        (500, "\U0001f600" * 255),
    ],
)
def test_a_cursor_is_read_as_it_was_written(values: tuple[PlaceValue, ...]) -> None:
    cursor = ListCursor("digest", datetime(2026, 3, 31, tzinfo=UTC), Place(values, "deal-1"))
    assert ListCursor.of_bookmark(cursor.bookmark) == ListCursor.of_texts(list(cursor.texts)) == cursor
    assert cursor.checked("digest") == cursor
    with pytest.raises(CursorOfAnotherList):
        cursor.checked("another")


@pytest.mark.parametrize(
    "texts",
    [
        [],
        ["digest", "2026-03-31T09:30:00Z", "at", "7", "x"],
        ["digest", "2026-03-31T09:30:00Z", "$gt", "1", "x"],
        ["digest", "2026-03-31T09:30:00Z", "number", "1", "text", "x"],
        ["2026-03-31T09:30:00Z", "x"],
    ],
)
def test_what_is_no_place_in_a_list_is_no_cursor(texts: list[str]) -> None:
    with pytest.raises(ValueError):
        ListCursor.of_texts(texts)


@pytest.mark.parametrize(("size", "value"), [(WITHOUT_TEXT, Decimal("-" + "1" * 34)), (WITH_TEXT, "\x01" * 255)])
def test_no_place_is_larger_than_its_cursor(size: int, value: PlaceValue) -> None:
    """So the length of a cursor is the same, whatever the record has; one fits in where cursors are sent."""
    last = datetime.max.replace(tzinfo=UTC)
    values = (value,) if size == WITHOUT_TEXT else (-(2**63), value)
    cursor = ListCursor("0" * 32, last, Place(values, str(uuid4())))
    assert len(written(*cursor.texts)) <= size
    assert len(text_of(bytes(16 + size))) <= MAX_CURSOR


def test_a_list_is_another_one_for_each_type_reader_filter_and_order() -> None:
    newest = [["created_at", "desc"]]
    lists = {
        digest_of("deal", "user:anna", {}, newest),
        digest_of("lead", "user:anna", {}, newest),
        digest_of("deal", "user:ben", {}, newest),
        digest_of("deal", "user:anna", {"title": "x"}, newest),
        digest_of("deal", "user:anna", {}, [["created_at", "asc"]]),
    }
    assert len(lists) == 5
    same = {"a": 1, "b": 2}, {"b": 2, "a": 1}
    assert len({digest_of("deal", "user:anna", each, newest) for each in same}) == 1
