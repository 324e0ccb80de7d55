"""Fields of every kind, and random filters and documents over them, for all that understands filters."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from crm_contracts.field_spec import Kind
from hypothesis import strategies as st

from shared.elements.domain.fields import CatalogueField

NOW: Final = datetime(2026, 3, 31, 9, 30, tzinfo=UTC)
_EQUALITY: Final = {"=", "!=", "in", "not in", "empty"}
_ORDER: Final = _EQUALITY | {">", ">=", "<", "<="}
_OPERATORS: Final[Mapping[str, set[str]]] = {
    "string": _EQUALITY | {"like", "not like"},
    "text": {"like", "not like", "empty"},
    "list": {"empty"},
    **dict.fromkeys(("integer", "decimal", "money", "date", "datetime"), _ORDER),
}


def a_field(
    name: str, kind: Kind, path: str | None = None, *, is_list: bool = False, missing: bool | int | str | None = None
) -> CatalogueField:
    return CatalogueField(
        name=name,
        title=name,
        kind=kind,
        path=path or name,
        operators=frozenset(_OPERATORS.get(kind, _EQUALITY)),
        is_orderable=False,
        is_writable=True,
        dictionary=None,
        is_list=is_list,
        is_personal=False,
        missing=missing,
    )


FIELDS: Final[Mapping[str, CatalogueField]] = {
    field.name: field
    for field in (
        a_field("title", "string"),
        a_field("comments", "text"),
        a_field("stage_id", "stage"),
        a_field("number", "integer"),
        a_field("amount", "money", "amount.value"),
        a_field("begin_date", "date"),
        a_field("created_at", "datetime"),
        a_field("closed", "boolean"),
        a_field("observers", "user", is_list=True),
        a_field("phone", "string", "phones.normalized", is_list=True),
        a_field("price", "decimal", "rows.price", is_list=True),
        a_field("rows", "list", is_list=True),
        a_field("custom.REGION", "string", "custom.REGION"),
        a_field("is_new", "boolean", missing=False),
        a_field("rank", "integer", missing=1),
        a_field("language", "string", missing="a"),
    )
}

# Few values, so that filters and documents meet often; and those on which two readers may differ.
TEXTS: Final = (
    "",
    "a",
    "A",
    "ab",
    "a%b",
    "a\\b",
    "äß",
    "ÄSS",
    "K",
    "\u212a",
    "i",
    "İ",
    "\u017f",
    "a\nb",
    "a\n",
    "x.y",
    "(",
    "\U0001f600",
)
PATTERNS: Final = (
    "",
    "%",
    "a",
    "a%",
    "%b",
    "%a%",
    "a%b",
    r"a\%b",
    r"a\\b",
    "Ä%",
    "k",
    "\u0131",
    "s%",
    "%.%",
    "(",
    "%%",
    "_",
    "%\n",
)
NUMBERS: Final = ("0", "-1", "1", "1.0", "1.50", "0.1", "20000000000.0000000001")
DATES: Final = ("2026-03-01", "2026-03-31", "2025-12-31")
MOMENTS: Final = ("2026-03-31T09:30:00Z", "2026-03-31T11:30:00.001+02:00", "2025-01-01T00:00Z")
WHOLE: Final = (0, 1, -1, 2**53 + 1, 10**18)

_VALUES: Final[Mapping[str, tuple[Any, ...]]] = {
    "integer": WHOLE,
    "decimal": (*NUMBERS, 0, 1),
    "money": (*NUMBERS, 0, 1),
    "date": (*DATES, {"days": -30}, {"days": 0}),
    "datetime": (*MOMENTS, {"days": -30}, {"hours": 0}),
    "boolean": (True, False),
}
"""What conditions compare with, as callers write it; other kinds compare with texts."""


def _condition(field: CatalogueField) -> st.SearchStrategy[dict[str, Any]]:
    values = st.sampled_from(_VALUES.get(field.kind, TEXTS))
    several = st.lists(values, min_size=1, max_size=3)
    by_operator: dict[str, st.SearchStrategy[Any]] = {
        "in": several,
        "not in": several,
        "like": st.sampled_from(PATTERNS),
        "not like": st.sampled_from(PATTERNS),
        "empty": st.booleans(),
    }
    operators = st.sampled_from(sorted(field.operators))
    return operators.flatmap(
        lambda operator: by_operator.get(operator, values).map(lambda operand: {field.name: {operator: operand}})
    )


conditions: Final = st.one_of([_condition(field) for field in FIELDS.values()])
filters: Final = st.recursive(
    conditions,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"and": parts}),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"or": parts}),
        inner.map(lambda part: {"not": part}),
    ),
    max_leaves=6,
)
"""As callers write them."""

_texts = st.sampled_from(TEXTS)
_decimals = st.sampled_from([Decimal(text) for text in NUMBERS])
_moments = st.sampled_from([NOW, NOW + timedelta(milliseconds=1), datetime(2025, 1, 1, tzinfo=UTC)])


def _some(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(values, st.none())


documents: Final = st.fixed_dictionaries(
    {},
    optional={
        "title": _some(_texts),
        "comments": _some(_texts),
        "stage_id": _some(_texts),
        "number": _some(st.sampled_from(WHOLE)),
        "amount": _some(st.fixed_dictionaries({}, optional={"value": _some(_decimals)})),
        "begin_date": _some(st.sampled_from(DATES)),
        "created_at": _some(_moments),
        "closed": _some(st.booleans()),
        "observers": _some(st.lists(_some(_texts), max_size=3)),
        "phones": _some(st.lists(_some(st.fixed_dictionaries({}, optional={"normalized": _some(_texts)})), max_size=3)),
        "rows": _some(st.lists(_some(st.fixed_dictionaries({}, optional={"price": _some(_decimals)})), max_size=3)),
        "is_new": _some(st.booleans()),
        "rank": _some(st.sampled_from(WHOLE)),
        "language": _some(_texts),
        "custom": _some(st.fixed_dictionaries({}, optional={"REGION": _some(_texts | st.lists(_texts, max_size=2))})),
    },
)
"""As they are stored: with every field missing, null, empty or filled."""
