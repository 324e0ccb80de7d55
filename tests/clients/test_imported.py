"""What was corrected here survives the imports of another system, and what is new there is not lost in silence."""

from typing import Any
from uuid import uuid4

import pytest

from tests.builders.running import Api, wrong_fields

BODIES: dict[str, dict[str, Any]] = {
    "contacts": {"first_name": "Ada", "comments": "likes tea"},
    "companies": {"title": "ACME GmbH", "comments": "likes tea"},
}
pytestmark = pytest.mark.parametrize("kind", BODIES)


async def imported(api: Api, kind: str, version: str | None = "1") -> tuple[str, dict[str, Any]]:
    path = f"/{kind}/external/shop/{uuid4()}"
    answer = await api("PUT", path, with_version(BODIES[kind], version))
    assert answer.status_code == 201, answer.text
    return path, answer.json()


def with_version(body: dict[str, Any], version: str | None) -> dict[str, Any]:
    return body if version is None else {**body, "origin_version": version}


async def corrected(api: Api, kind: str, record: dict[str, Any], **fields: Any) -> dict[str, Any]:
    answer = await api("PATCH", f"/{kind}/{record['id']}", fields)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_another_version_does_not_overwrite_what_was_corrected_here(api: Api, kind: str) -> None:
    """CONT-08, CMN-14."""
    path, record = await imported(api, kind)
    here = await corrected(api, kind, record, comments="likes coffee")
    assert here["edited_here"] == ["comments"]
    refused = await api("PUT", path, {**BODIES[kind], "comments": "likes cocoa", "origin_version": "2"})
    assert (refused.status_code, refused.json()["code"]) == (409, "origin_version_conflict")
    assert [error["field"] for error in refused.json()["errors"]] == ["comments"]
    assert await api.read(f"/{kind}/{record['id']}") == here


async def test_the_version_of_the_last_import_has_nothing_new_and_what_was_corrected_here_stays(
    api: Api, kind: str
) -> None:
    """CONT-08."""
    path, record = await imported(api, kind)
    here = await corrected(api, kind, record, comments="likes coffee")
    again = await api("PUT", path, {**BODIES[kind], "origin_version": "1"})
    assert (again.status_code, again.json()) == (200, here)


async def test_what_stays_as_it_was_corrected_here_is_named_by_a_batch(api: Api, kind: str) -> None:
    """CONT-08, CMN-14: a correction in a file that was exported before is not dropped without a word."""
    path, record = await imported(api, kind)
    here = await corrected(api, kind, record, comments="likes coffee")
    originator_id, origin_id = path.split("/")[-2:]
    item = {**BODIES[kind], "origin_version": "1", "originator_id": originator_id, "origin_id": origin_id}
    answer = await api("POST", f"/{kind}/batch", {"items": [item], "on_existing": "correct"})
    (result,) = answer.json()["items"]
    assert (result["outcome"], result["left_out"]) == ("unchanged", ["comments"])
    assert await api.read(f"/{kind}/{record['id']}") == here


@pytest.mark.parametrize("version", [{"origin_version": "1"}, {}], ids=["version", "none"])
async def test_an_export_that_is_imported_as_it_is_changes_nothing(
    api: Api, kind: str, version: dict[str, str]
) -> None:
    """CONT-08: what was corrected here stays guarded against the next version."""
    path, record = await imported(api, kind)
    here = await corrected(api, kind, record, comments="likes coffee")
    again = await api("PUT", path, {**BODIES[kind], "comments": "likes coffee", **version})
    assert (again.status_code, again.json()) == (200, here)
    refused = await api("PUT", path, {**BODIES[kind], "comments": "likes cocoa", "origin_version": "2"})
    assert refused.json()["code"] == "origin_version_conflict"


async def test_another_version_is_taken_over_where_only_other_fields_were_corrected_here(api: Api, kind: str) -> None:
    """CONT-08."""
    path, record = await imported(api, kind)
    await corrected(api, kind, record, responsible_id="eve")
    body = {**BODIES[kind], "comments": "likes cocoa", "origin_version": "2"}
    first, again = await api("PUT", path, body), await api("PUT", path, body)
    found = first.json()
    assert (found["comments"], found["responsible_id"]) == ("likes cocoa", "eve")
    assert (found["origin_version"], found["edited_here"]) == ("2", ["responsible_id"])
    assert again.json() == found


async def test_who_says_the_same_as_was_corrected_here_is_not_in_the_way(api: Api, kind: str) -> None:
    """CONT-08."""
    path, record = await imported(api, kind)
    await corrected(api, kind, record, comments="likes coffee")
    caught_up = await api("PUT", path, {**BODIES[kind], "comments": "likes coffee", "origin_version": "2"})
    assert (caught_up.json()["origin_version"], caught_up.json()["edited_here"]) == ("2", [])


async def test_an_import_without_a_version_overwrites(api: Api, kind: str) -> None:
    """CONT-08, CMN-14."""
    path, record = await imported(api, kind)
    await corrected(api, kind, record, comments="likes coffee")
    found = (await api("PUT", path, BODIES[kind])).json()
    assert (found["comments"], found["origin_version"], found["edited_here"]) == ("likes tea", "1", [])


async def test_of_a_record_that_was_never_imported_nothing_is_kept(api: Api, kind: str) -> None:
    """CONT-08."""
    record = await api.made(f"/{kind}", BODIES[kind])
    assert (await corrected(api, kind, record, comments="likes coffee"))["edited_here"] == []


@pytest.mark.parametrize("field", ["origin_version", "edited_here"])
async def test_no_caller_edits_what_imports_are_judged_by(api: Api, kind: str, field: str) -> None:
    """CONT-08."""
    _, record = await imported(api, kind)
    value: Any = "2" if field == "origin_version" else ["comments"]
    assert wrong_fields(await api("PATCH", f"/{kind}/{record['id']}", {field: value})) == [field]


async def test_a_version_is_a_text_of_at_most_255_characters(api: Api, kind: str) -> None:
    """CONT-08."""
    for wrong in ("", "x" * 256, 7):
        body = {**BODIES[kind], "origin_version": wrong}
        assert wrong_fields(await api("PUT", f"/{kind}/external/shop/{uuid4()}", body)) == ["origin_version"]
