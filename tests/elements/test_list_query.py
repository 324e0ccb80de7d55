"""What OpenAPI says of filters is what the parser takes; cursors belong to one list (DEAL-01)."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings

from shared.elements.domain.filters.errors import CursorOfAnotherList
from shared.elements.domain.filters.query import Listed
from shared.elements.schemas.filter_schema import DescribedBy, filter_model
from shared.elements.schemas.list_query import query_in
from shared.elements.store.list_cursors import ListCursor, Place, PlaceValue, digest_of
from shared.kit.domain import Invalid
from shared.kit.storage.pages import encode_cursor
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
    assert len(cursor.text) <= MAX_CURSOR
    assert ListCursor.read(cursor.text, "digest") == cursor
    with pytest.raises(CursorOfAnotherList):
        ListCursor.read(cursor.text, "another")


@pytest.mark.parametrize(
    "parts",
    [
        (),
        ("digest", "2026-03-31T09:30:00Z", "at", "7", "x"),
        ("digest", "2026-03-31T09:30:00Z", "number", "x", "x"),
        ("digest", "2026-03-31T09:30:00Z", "number", str(2**64), "x"),
        ("digest", "2026-03-31T09:30:00Z", "$gt", "1", "x"),
        ("digest", "2026-03-31T09:30:00Z", "number", "1", "text", "x"),
        *(("digest", "2026-03-31T09:30:00Z", "decimal", text, "x") for text in ("1E+99999", "NaN", "1" * 36, "")),
        ("digest", "0001-01-01T00:00:00+23:59", "number", "1", "x"),
        ("2026-03-31T09:30:00Z", "x"),
    ],
)
def test_a_forged_cursor_is_none(parts: tuple[str, ...]) -> None:
    with pytest.raises(Invalid) as error:
        ListCursor.read(encode_cursor(*parts), "digest")
    assert error.value.details["errors"][0]["field"] == "cursor"


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
