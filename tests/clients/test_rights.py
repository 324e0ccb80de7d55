"""What the roles of a user let him do to contacts and companies, over the API (PERM-01, PERM-04, CMN-05, CMN-09)."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import pytest

from tests.builders.running import Api
from tests.clients.roles import OF_BEN, a_role

BODIES: dict[str, dict[str, Any]] = {"contacts": {"first_name": "Ada"}, "companies": {"title": "ACME"}}
NOUNS = {"contacts": "contact", "companies": "company"}
CHANGES: dict[str, dict[str, Any]] = {"contacts": {"last_name": "King"}, "companies": {"title": "Bell"}}
EVERYTHING = dict.fromkeys(("read", "add", "update", "delete", "export", "import"), "all")


async def made(api: Api, kind: str, **fields: Any) -> dict[str, Any]:
    return await api.made(f"/{kind}", {**BODIES[kind], **fields})


async def with_levels(api: Api, kind: str, **levels: str) -> list[str]:
    return await a_role(api, **{NOUNS[kind]: levels})


def without(answer: Any, id_: str) -> tuple[int, Mapping[str, str], str]:
    """An answer without the id that was asked for."""
    return answer.status_code, {"type": answer.headers["content-type"]}, answer.text.replace(id_, "ID")


ROUTES: dict[str, tuple[str, str, Any]] = {
    "read": ("GET", "/{kind}/{id}", None),
    "correct": ("PATCH", "/{kind}/{id}", {}),
    "delete": ("DELETE", "/{kind}/{id}", None),
    "merge": ("POST", "/{kind}/{id}/merge", {"others": ["x"]}),
    "requisites": ("GET", "/{kind}/{id}/requisites", None),
    "one requisite": ("GET", "/{kind}/{id}/requisites/x", None),
    "add requisites": ("POST", "/{kind}/{id}/requisites", {"name": "Main"}),
    "change requisites": ("PUT", "/{kind}/{id}/requisites/x", {"name": "Main"}),
    "remove requisites": ("DELETE", "/{kind}/{id}/requisites/x", None),
    "elements": ("GET", "/{kind}/{id}/elements", None),
    "contacts of a company": ("GET", "/companies/{id}/contacts", None),
    "link": ("PUT", "/contacts/{id}/companies/x", {}),
    "unlink": ("DELETE", "/contacts/{id}/companies/x", None),
}


@pytest.mark.parametrize(
    ("kind", "route"),
    [
        (kind, route)
        for kind in BODIES
        for route, (_, path, _) in ROUTES.items()
        if path.startswith(("/{kind}", f"/{kind}"))
    ],
)
async def test_a_record_that_may_not_be_read_is_answered_as_one_that_there_is_not(
    api: Api, kind: str, route: str
) -> None:
    """PERM-01, PERM-04: whatever is asked of it, and with an old copy as well."""
    method, path, body = ROUTES[route]
    links = {noun: {"read": "own", "update": "all", "delete": "all"} for noun in NOUNS.values()}
    roles = await a_role(api, **links, lead={"update": "all"}, deal={"update": "all"})
    hidden, absent = (await made(api, kind, **OF_BEN))["id"], str(uuid4())
    same: dict[str, str] = {"x_correlation_id": "c"}
    for headers in (same, same if method == "GET" else {**same, "if_match": '"7"'}):
        answers = [
            without(await api(method, path.format(kind=kind, id=id_), body, roles=roles, **headers), id_)
            for id_ in (hidden, absent)
        ]
        assert answers[0] == answers[1]
        assert answers[0][0] == 404
    assert (await api("GET", f"/{kind}/{hidden}")).json()["version"] == 1, "nothing was changed"


@pytest.mark.parametrize("kind", BODIES)
async def test_an_observer_reads_a_record_whatever_the_role_and_changes_nothing(api: Api, kind: str) -> None:
    """CMN-05.3, PERM-04.1."""
    roles = await with_levels(api, kind, read="own", update="own", delete="own")
    watched = await made(api, kind, **OF_BEN, observers=["anna"])
    path = f"/{kind}/{watched['id']}"
    assert (await api("GET", path, roles=roles)).status_code == 200
    assert [item["id"] for item in (await api("GET", f"/{kind}", roles=roles)).json()["items"]].count(
        watched["id"]
    ) == 1
    refused = await api("PATCH", path, CHANGES[kind], roles=roles)
    assert (refused.status_code, refused.json()["code"], refused.json()["action"]) == (403, "right_missing", "update")


@pytest.mark.parametrize("kind", BODIES)
async def test_what_is_open_to_all_is_open_to_the_level_opened_and_to_no_narrower_one(api: Api, kind: str) -> None:
    """CMN-09.4, PERM-04.4."""
    opened, own = await with_levels(api, kind, read="opened"), await with_levels(api, kind, read="own")
    open_one = await made(api, kind, responsible_id="ben")
    closed = await made(api, kind, **OF_BEN)
    for record, roles, status in ((open_one, opened, 200), (open_one, own, 404), (closed, opened, 404)):
        assert (await api("GET", f"/{kind}/{record['id']}", roles=roles)).status_code == status
    await api("PATCH", f"/{kind}/{open_one['id']}", {"open_to_all": False})
    assert (await api("GET", f"/{kind}/{open_one['id']}", roles=opened)).status_code == 404


@pytest.mark.parametrize("kind", BODIES)
async def test_each_action_needs_a_right_of_its_own(api: Api, kind: str) -> None:
    """PERM-01.1: who may read a record is told which right is missing."""
    record = await made(api, kind, **OF_BEN)
    path = f"/{kind}/{record['id']}"
    calls: dict[str, tuple[str, str, Any]] = {
        "update": ("PATCH", path, CHANGES[kind]),
        "delete": ("DELETE", path, None),
        "add": ("POST", f"/{kind}", BODIES[kind]),
        "import": ("POST", f"/{kind}/batch", {"items": [BODIES[kind]]}),
    }
    for action, (method, address, body) in calls.items():
        others = {name: level for name, level in EVERYTHING.items() if name != action}
        refused = await api(method, address, body, roles=await with_levels(api, kind, **others))
        problem = refused.json()
        assert (refused.status_code, problem["code"]) == (403, "right_missing"), action
        assert (problem["element"], problem["action"], problem["level"]) == (NOUNS[kind], action, "none")
    assert (await api("GET", path)).json()["version"] == 1
    for method, address, body in (calls["update"], calls["delete"], calls["add"], calls["import"]):
        done = await api(method, address, body, roles=await with_levels(api, kind, **EVERYTHING))
        assert done.status_code in {200, 201, 204, 207}, done.text
        assert done.status_code != 207 or done.json()["refused"] == 0


@pytest.mark.parametrize("kind", BODIES)
async def test_who_may_add_what_is_his_own_adds_nothing_for_others(api: Api, kind: str) -> None:
    """PERM-01.1, PERM-04.1: one by one, by origin and in batches."""
    roles = await with_levels(api, kind, **{**EVERYTHING, "add": "own"})
    for_ben = {**BODIES[kind], "responsible_id": "ben"}
    assert (await api("POST", f"/{kind}", BODIES[kind], roles=roles)).status_code == 201
    assert (await api("POST", f"/{kind}", for_ben, roles=roles)).json()["code"] == "right_missing"
    place = f"/{kind}/external/erp/{uuid4()}"
    assert (await api("PUT", place, for_ben, roles=roles)).json()["code"] == "right_missing"
    assert (await api("GET", place)).status_code == 404
    answer = (await api("POST", f"/{kind}/batch", {"items": [for_ben, BODIES[kind]]}, roles=roles)).json()
    assert [(item["status"], item["outcome"]) for item in answer["items"]] == [(403, "refused"), (201, "created")]
    assert answer["items"][0]["problem"]["code"] == "right_missing"


async def test_a_company_comes_with_contacts_that_the_caller_may_add_or_not_at_all(api: Api) -> None:
    """PERM-01.1."""
    title = f"Firm {uuid4().hex[:8]}"
    body = {"title": title, "contacts": [{"first_name": "Ada"}]}
    roles = await a_role(api, company=EVERYTHING, contact={**EVERYTHING, "add": "none"})
    refused = await api("POST", "/companies", body, roles=roles)
    assert (refused.status_code, refused.json()["element"]) == (403, "contact")
    (item,) = (await api("POST", "/companies/batch", {"items": [body]}, roles=roles)).json()["items"]
    assert (item["status"], item["problem"]["element"]) == (403, "contact")
    assert (await api.read(f"/clients/search?type=company&q={title}"))["items"] == []


@pytest.mark.parametrize("kind", BODIES)
async def test_an_origin_of_a_record_that_may_not_be_read_is_taken_and_no_more_is_told(api: Api, kind: str) -> None:
    """CMN-14, PERM-04: neither its id nor anything else."""
    origin = uuid4().hex
    roles = await with_levels(api, kind, **{**EVERYTHING, "read": "own"})
    at = f"/{kind}/external/erp/{origin}"
    hidden = (await api("PUT", at, {**BODIES[kind], **OF_BEN})).json()
    looked_up = await api("GET", at, roles=roles)
    absent = await api("GET", f"/{kind}/external/erp/none", roles=roles)
    assert looked_up.status_code == 404
    assert looked_up.json()["detail"].replace(origin, "none") == absent.json()["detail"]
    sent = {**BODIES[kind], "originator_id": "erp", "origin_id": origin}
    batch = {"items": [sent], "on_existing": "correct"}
    (item,) = (await api("POST", f"/{kind}/batch", batch, roles=roles)).json()["items"]
    for answer in (
        (await api("POST", f"/{kind}", sent, roles=roles)).json(),
        (await api("PUT", at, CHANGES[kind], roles=roles)).json(),
        item["problem"],
    ):
        assert (answer["status"], answer["code"]) == (409, "origin_taken")
        assert hidden["id"] not in str(answer)
    known = (await api("POST", f"/{kind}", sent)).json()
    assert (known["code"], known["existing_id"]) == ("origin_taken", hidden["id"])


@pytest.mark.parametrize("kind", BODIES)
async def test_an_existing_record_of_an_origin_is_corrected_by_who_may_update_it(api: Api, kind: str) -> None:
    """CMN-14, PERM-01.1."""
    at = f"/{kind}/external/erp/{uuid4()}"
    await api("PUT", at, {**BODIES[kind], **OF_BEN})
    refused = await api("PUT", at, CHANGES[kind], roles=await with_levels(api, kind, read="all", add="all"))
    assert (refused.status_code, refused.json()["action"]) == (403, "update")
    done = await api("PUT", at, CHANGES[kind], roles=await with_levels(api, kind, read="all", update="all"))
    assert done.status_code == 200


async def test_who_may_not_read_the_default_seller_is_told_that_there_is_one_and_not_which(api: Api) -> None:
    """COMP-08, PERM-04."""
    roles = await with_levels(api, "companies", **{**EVERYTHING, "read": "own"})
    ours = {"title": "We", "is_my_company": True, "is_default_my_company": True}
    hidden = await made(api, "companies", **ours, **OF_BEN)
    mine = await made(api, "companies", title="Me")
    for method, path in (("POST", "/companies"), ("PATCH", f"/companies/{mine['id']}")):
        refused = (await api(method, path, ours, roles=roles)).json()
        assert (refused["code"], "existing_id" in refused) == ("default_seller_taken", False)
        assert hidden["id"] not in str(refused)
        assert (await api(method, path, ours)).json()["existing_id"] == hidden["id"]
