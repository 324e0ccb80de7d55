"""Whatever stands in a topic, `parse` gives an envelope, None for an unknown type, or MalformedEvent."""

import json
import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from crm_contracts import registry
from crm_contracts.envelope import Envelope, Event, MalformedEvent
from hypothesis import given
from hypothesis import strategies as st

from services.timeline.entry.domain.narration.narrator import narrate

SAMPLES = {ce_type: json.loads(registry.sample_of(ce_type)) for ce_type in registry.EVENTS}
SAMPLE = SAMPLES["crm.lead.created.v1"]
BODY = json.dumps(SAMPLE["data"]).encode()

any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
any_header_value = st.none() | st.binary(max_size=40) | st.text(max_size=40).map(str.encode)
attributes = st.sampled_from(sorted(SAMPLE["headers"]))


def with_headers(**changed: str) -> dict[str, str]:
    return {**SAMPLE["headers"], **changed}


def read(headers: Mapping[str, Any] | list[tuple[str, bytes | None]], body: bytes | None) -> Envelope[Event] | None:
    """Parse; nothing but MalformedEvent may come out beside a result."""
    try:
        return registry.parse(headers, body)
    except MalformedEvent:
        return None


def places(part: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Paths to every value in a document."""
    inner = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
    return [path, *(place for name, value in inner for place in places(value, (*path, name)))]


def replaced(part: Any, path: tuple[str | int, ...], value: object) -> Any:
    if not path:
        return value
    copy: Any = dict(part) if isinstance(part, dict) else list(part)
    copy[path[0]] = replaced(part[path[0]], path[1:], value)
    return copy


def test_headers_may_come_as_pairs_of_bytes_or_as_a_mapping() -> None:
    pairs = [(name, value.encode()) for name, value in SAMPLE["headers"].items()]
    assert registry.parse(pairs, BODY) == registry.parse(SAMPLE["headers"], BODY) != None  # noqa: E711


def test_an_unknown_type_is_none_whatever_its_body() -> None:
    assert registry.parse(with_headers(ce_type="crm.lead.teleported.v1"), b"\xff not json") is None


def test_a_version_not_known_here_is_an_unknown_type() -> None:
    assert registry.parse(with_headers(ce_type="crm.lead.created.v99"), BODY) is None


def test_the_roles_of_the_actor_travel_in_a_header_and_none_in_no_header() -> None:
    """PERM-09."""
    event = registry.parse(with_headers(ce_actorroles="admin sales"), BODY)
    assert event is not None
    assert event.actor_roles == ("admin", "sales")
    assert event.headers() == with_headers(ce_actorroles="admin sales")
    without = registry.parse(SAMPLE["headers"], BODY)
    assert without is not None
    assert without.actor_roles == ()
    assert "ce_actorroles" not in without.headers()


def test_the_run_of_a_change_of_many_records_travels_in_a_header_and_none_in_no_header() -> None:
    """DEAL-03."""
    event = registry.parse(with_headers(ce_bulkid="run-1"), BODY)
    assert event is not None
    assert (event.bulk_id, event.headers()) == ("run-1", with_headers(ce_bulkid="run-1"))
    without = registry.parse(SAMPLE["headers"], BODY)
    assert without is not None
    assert without.bulk_id is None
    assert "ce_bulkid" not in without.headers()


def test_headers_of_other_tools_and_null_headers_do_no_harm() -> None:
    pairs = [(name, value.encode()) for name, value in SAMPLE["headers"].items()]
    assert registry.parse([*pairs, ("x-tool", None), ("x-bytes", b"\xff\xfe")], BODY) is not None


@pytest.mark.parametrize(
    "name", ["ce_type", "ce_id", "ce_source", "ce_subject", "ce_time", "ce_correlationid", "ce_actor"]
)
def test_a_missing_attribute_is_named(name: str) -> None:
    headers = {key: value for key, value in SAMPLE["headers"].items() if key != name}
    with pytest.raises(MalformedEvent, match=name):
        registry.parse(headers, BODY)


def test_a_wrong_field_is_named() -> None:
    data = replaced(SAMPLE["data"], ("lead", "amount", "value"), "much")
    with pytest.raises(MalformedEvent, match=r"lead\.amount\.value"):
        registry.parse(SAMPLE["headers"], json.dumps(data).encode())


@pytest.mark.parametrize(
    "wrong",
    [
        {"ce_time": "yesterday"},
        {"ce_time": "0001-01-01T00:00:00+23:59"},
        {"ce_sequence": "first"},
        {"ce_sequence": "9" * 5000},
        {"ce_specversion": "0.3"},
    ],
    ids=["no time", "a time before time", "no number", "too long a number", "another CloudEvents version"],
)
def test_an_unreadable_attribute_is_malformed(wrong: dict[str, str]) -> None:
    with pytest.raises(MalformedEvent):
        registry.parse(with_headers(**wrong), BODY)


@pytest.mark.parametrize("body", [None, b"", b"null", b"[]", b"{", b"\xff\xfe", b"[" * 100_000, b'{"lead": ' * 5_000])
def test_an_unreadable_body_is_malformed(body: bytes | None) -> None:
    with pytest.raises(MalformedEvent):
        registry.parse(SAMPLE["headers"], body)


@pytest.mark.parametrize("amount", ["1e999999999", "-1e999999999", "1e-999999999", "0e999999999", "NaN", "Infinity"])
def test_a_number_that_could_not_be_written_again_is_malformed(amount: str) -> None:
    data = replaced(SAMPLE["data"], ("lead", "amount", "value"), amount)
    with pytest.raises(MalformedEvent, match=r"lead\.amount\.value"):
        registry.parse(SAMPLE["headers"], json.dumps(data).encode())


def test_times_are_utc_whatever_offset_they_were_written_with() -> None:
    envelope = registry.parse(with_headers(ce_time="2026-03-02T14:00:00+02:00"), BODY)
    assert envelope is not None
    assert envelope.time == datetime(2026, 3, 2, 12, tzinfo=UTC)
    assert envelope.time.utcoffset() == timedelta(0)


@given(st.lists(st.tuples(attributes | st.text(max_size=20), any_header_value), max_size=15), st.none() | st.binary())
def test_noise_is_never_anything_but_malformed(headers: list[tuple[str, bytes | None]], body: bytes | None) -> None:
    read(headers, body)


@given(st.sampled_from(sorted(SAMPLES)), st.binary(max_size=300))
def test_noise_under_a_known_type_is_never_anything_but_malformed(ce_type: str, body: bytes) -> None:
    read(SAMPLES[ce_type]["headers"], body)


@given(attributes, any_header_value)
def test_one_damaged_header_is_either_borne_or_malformed(name: str, value: bytes | None) -> None:
    pairs: list[tuple[str, bytes | None]] = [
        (key, value if key == name else text.encode()) for key, text in SAMPLE["headers"].items()
    ]
    read(pairs, BODY)


@given(st.data())
def test_one_damaged_value_is_either_borne_or_malformed(draw: st.DataObject) -> None:
    sample = SAMPLES[draw.draw(st.sampled_from(sorted(SAMPLES)))]
    path = draw.draw(st.sampled_from(places(sample["data"])))
    data = replaced(sample["data"], path, draw.draw(any_json))
    found = read(sample["headers"], json.dumps(data).encode())
    if found is not None:
        assert registry.parse(found.headers(), found.body()) == found, "what was read can be written and read again"
        assert all(line.element.id is not None for line in narrate(found)), "and the timeline can tell it"


ODD_NUMBERS = ("NaN", "Infinity", "-Infinity", "1e999999999", "-0", "1" + "0" * 400, "1e-400", "0.1")
ODD_TEXTS = (r'"\ud800"', r'"\u0000"', '"9999-99-99"', '"0001-01-01T00:00:00+23:59"', '"1e999999999"', '"NaN"', '"٣"')


@given(st.sampled_from(sorted(SAMPLES)), st.data())
def test_what_json_allows_and_nobody_expects_is_either_borne_or_malformed(ce_type: str, draw: st.DataObject) -> None:
    """Numbers without end, halves of characters, days that never were, the same key twice, depth."""
    sample = SAMPLES[ce_type]
    path = draw.draw(st.sampled_from(places(sample["data"])))
    marked = json.dumps(replaced(sample["data"], path, "HERE"))
    deep = draw.draw(st.integers(1, 2_000)) * "["
    odd = draw.draw(st.sampled_from((*ODD_NUMBERS, *ODD_TEXTS, '{"id": 1, "id": "2"}', deep + "]" * len(deep))))
    found = read(sample["headers"], marked.replace('"HERE"', odd).encode())
    if found is not None:
        assert registry.parse(found.headers(), found.body()) == found
        narrate(found)


@given(st.lists(st.sampled_from(sorted(SAMPLE["headers"].items())), max_size=40), st.randoms())
def test_headers_that_come_twice_are_either_borne_or_malformed(
    more: list[tuple[str, str]], chance: random.Random
) -> None:
    pairs: list[tuple[str, bytes | None]] = [(name, text.encode()) for name, text in SAMPLE["headers"].items()]
    pairs += [(name, text.encode()[: chance.randrange(len(text) + 1)]) for name, text in more]
    chance.shuffle(pairs)
    read(pairs, BODY)
