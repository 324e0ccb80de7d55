"""Rights to single leads and deals, as their services enforce them (PERM-01 to PERM-04, PERM-08)."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urlencode
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from crm_contracts.departments import DepartmentState
from crm_contracts.elements import DEAL, LEAD, ElementType
from crm_contracts.roles import Right

from deploy.local.mongo import Mongo
from services.deals.app import build as build_deals
from services.leads.app import build as build_leads
from shared.elements.store.products import Products
from tests.api.documents import document_of
from tests.builders.granted import allow, as_seller, store
from tests.builders.running import Api, running
from tests.kit.topics import Record

BUILDS: Final = {LEAD.noun: build_leads, DEAL.noun: build_deals}
READ: Final = {"read": "all"}
CHANGE: Final = {"read": "all", "update": "all"}
EVERY: Final = dict.fromkeys(("read", "add", "update", "delete", "import"), "all")
DEPARTMENTS: Final = (
    DepartmentState(id="sales", member_ids=("anna", "ben")),
    DepartmentState(id="berlin", parent_id="sales", member_ids=("carl",)),
    DepartmentState(id="service", member_ids=("emil",)),
)


@dataclass(frozen=True)
class Office:
    """One service, and the type of element that it owns."""

    type: ElementType
    api: Api

    @property
    def path(self) -> str:
        return f"/{self.type.plural}"

    def right(self, levels: Mapping[str, str], **place: str) -> Right:
        return Right(element=self.type.noun, levels=levels, **place)

    async def allow(self, levels: Mapping[str, str], *more: Right) -> None:
        await allow(self.api, self.right(levels), *more)

    def claiming(self, **claims: Any) -> "Office":
        return replace(self, api=self.api.claiming(**claims))

    async def ask(self, method: str, path: str = "", body: Any = None, **headers: Any) -> httpx.Response:
        return await as_seller(self.api, method, f"{self.path}{path}", body, **headers)

    async def made(self, **fields: Any) -> str:
        """The id of a new record, of ben's unless it says whose, and open to nobody else."""
        body = {"responsible_id": "ben", "open_to_all": False, **fields}
        return str((await self.api.made(self.path, body))["id"])

    async def stored(self, id_: str) -> dict[str, Any]:
        found: dict[str, Any] = await self.api.read(f"{self.path}/{id_}")
        return found

    async def listed(self, **query: Any) -> set[str]:
        answer = await self.ask("POST", "/query", {"limit": 200, **query})
        assert (answer.status_code, answer.json()["next_cursor"]) == (200, None), answer.text
        return {each["id"] for each in answer.json()["items"]}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def offices(
    mongo: Mongo, dictionaries: Sequence[Record], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Mapping[str, Office]]:
    async with AsyncExitStack() as stack:
        made = {}
        for type_ in (LEAD, DEAL):
            directory = tmp_path_factory.mktemp(type_.plural)
            build = BUILDS[type_.noun]
            api = await stack.enter_async_context(running(type_.service, build, mongo, directory, told=dictionaries))
            await store(api, *DEPARTMENTS)
            made[type_.noun] = Office(type_, api)
        yield made


@pytest.fixture(params=BUILDS)
def office(offices: Mapping[str, Office], request: pytest.FixtureRequest) -> Office:
    return offices[request.param]


@pytest.fixture
def deals(offices: Mapping[str, Office]) -> Office:
    return offices[DEAL.noun]


CHANGES: Final[Sequence[tuple[str, str, Any]]] = (
    ("PATCH", "", {"title": "Taken over"}),
    ("PUT", "/stage", {"stage_id": "NEW"}),
    ("PUT", "/rows", {"rows": [{"name": "Pump", "price": "1"}]}),
    ("PUT", "/client", {"contacts": [{"contact_id": "ada"}]}),
    ("PUT", "/contacts", [{"contact_id": "ada"}]),
    ("POST", "/contacts", {"contact_id": "ada"}),
    ("DELETE", "/contacts/bob", None),
    ("DELETE", "", None),
)
OWN: Final[Mapping[str, Sequence[tuple[str, str, Any]]]] = {
    "lead": (("POST", "/conversion", {}),),
    "deal": (("PUT", "/requisites", {}), ("PUT", "/rank", {"before": "nobody"})),
}
READS: Final[Mapping[str, Sequence[tuple[str, str, Any]]]] = {
    "lead": (("GET", "", None), ("GET", "/conversion", None)),
    "deal": (("GET", "", None),),
}


def requests(type_: ElementType) -> Sequence[tuple[str, str, Any]]:
    """Every route of one record."""
    return (*READS[type_.noun], *CHANGES, *OWN[type_.noun])


@pytest.mark.parametrize("type_", [LEAD, DEAL], ids=lambda type_: type_.noun)
def test_these_are_all_routes_of_one_record(type_: ElementType) -> None:
    """PERM-01: a new one is tried as well."""
    place, paths = f"/v1/{type_.plural}/{{{type_.noun}_id}}", document_of(type_.service)["paths"]
    found = {
        (method.upper(), path.removeprefix(place).replace("{contact_id}", "bob"))
        for path, methods in paths.items()
        if path.startswith(place)
        for method in methods
    }
    assert found == {(method, path) for method, path, _ in requests(type_)}


async def everything(office: Office, id_: str) -> list[Any]:
    """Every answer about one record, with and without a version that it had, but for its id."""
    found = []
    for method, path, body in requests(office.type):
        for headers in ({}, {"if_match": '"99"'}, {"if_match": "*"}):
            if method == "GET" and headers:
                continue
            sent = {**headers, "x_correlation_id": "the-same"}
            answer = await office.ask(method, f"/{id_}{path}", body, **sent)
            shown = {name: value for name, value in answer.headers.items() if name != "traceparent"}
            found.append((method, path, answer.status_code, answer.text.replace(id_, "ID"), shown))
    return found


async def test_a_record_that_may_not_be_read_is_as_one_that_there_never_was(office: Office) -> None:
    """PERM-01, PERM-08: byte for byte, whatever is asked of it, with an old version as well."""
    hidden, absent = await office.made(), str(uuid4())
    await office.allow({**EVERY, "read": "own", "update": "own"})
    answers = await everything(office, hidden)
    assert answers == await everything(office, absent)
    assert {status for _, _, status, _, _ in answers} == {404}
    assert (await office.stored(hidden))["version"] == 1


async def test_a_record_that_may_only_be_read_is_not_changed(office: Office) -> None:
    """PERM-01: the error names the action, and the level that the roles give."""
    id_ = await office.made(contacts=[{"contact_id": "bob"}])
    before = await office.stored(id_)
    await office.allow({"read": "all", "update": "own", "delete": "own"})
    for method, path, body in (*CHANGES, *OWN[office.type.noun]):
        action = "delete" if (method, path) == ("DELETE", "") else "update"
        refused = await office.ask(method, f"/{id_}{path}", body)
        problem = refused.json()
        code = "stage_right_missing" if path == "/stage" else "right_missing"
        assert (refused.status_code, problem["code"]) == (403, code), (method, path, refused.text)
        assert [problem[name] for name in ("element", "action", "level")] == [office.type.noun, action, "own"]
    for method, path, body in READS[office.type.noun]:
        assert (await office.ask(method, f"/{id_}{path}", body)).status_code == 200
    assert await office.stored(id_) == before


async def test_each_action_has_a_right_of_its_own(office: Office) -> None:
    """PERM-01."""
    id_ = await office.made()
    actions = {
        "read": ("GET", f"/{id_}", None),
        "add": ("POST", "", {"title": "New"}),
        "update": ("PATCH", f"/{id_}", {"title": "Changed"}),
        "import": ("POST", "/batch", {"items": [{"title": "Imported"}]}),
    }
    for missing, (method, path, body) in actions.items():
        await office.allow({**EVERY, missing: "none"})
        refused = await office.ask(method, path, body)
        if missing == "read":
            assert refused.status_code == 404, refused.text
            continue
        assert (refused.status_code, refused.json()["code"], refused.json()["action"]) == (
            403,
            "right_missing",
            missing,
        )
    await office.allow(EVERY)
    for method, path, body in actions.values():
        assert (await office.ask(method, path, body)).status_code in {200, 201, 207}


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        ("none", {"observed"}),
        ("own", {"anna", "observed"}),
        ("department", {"anna", "ben", "observed"}),
        ("sub_departments", {"anna", "ben", "carl", "observed"}),
        ("opened", {"anna", "ben", "carl", "observed", "open"}),
        ("all", {"anna", "ben", "carl", "emil", "observed", "open"}),
    ],
)
async def test_each_level_extends_to_the_records_of_more_people(office: Office, level: str, expected: set[str]) -> None:
    """PERM-01, PERM-04, CMN-05, CMN-09: one by one and in lists, and a count tells no more."""
    mark = str(uuid4())
    records = {user: await office.made(title=mark, responsible_id=user) for user in ("anna", "ben", "carl", "emil")}
    records["observed"] = await office.made(title=mark, responsible_id="emil", observers=["anna"])
    records["open"] = await office.made(title=mark, responsible_id="emil", open_to_all=True)
    await office.allow({"read": level})
    for name, id_ in records.items():
        assert (await office.ask("GET", f"/{id_}")).status_code == (200 if name in expected else 404), name
    assert await office.listed(filter={"title": mark}) == {records[name] for name in expected}
    counted = await office.ask("POST", "/query", {"filter": {"title": mark}, "count": "capped", "limit": 1})
    assert counted.json()["count"] == {"value": len(expected), "is_exact": True}
    page = await office.ask("GET", f'?responsible_id=emil&limit=200&filter={{"title":"{mark}"}}')
    assert {each["id"] for each in page.json()["items"]} == {
        records[name] for name in expected & {"emil", "observed", "open"}
    }


def _elsewhere(office: Office) -> dict[str, str]:
    """A place in which there is no record of these tests."""
    return {"stage_id": "JUNK"} if office.type is LEAD else {"pipeline_id": "default", "stage_id": "APOLOGY"}


async def test_an_observer_reads_and_changes_nothing(office: Office) -> None:
    """CMN-05: whatever the role."""
    observed = await office.made(responsible_id="emil", observers=["anna"])
    await office.allow({"read": "own", "update": "own"})
    assert (await office.ask("GET", f"/{observed}")).json()["observers"] == ["anna"]
    for method, path, body in CHANGES:
        assert (await office.ask(method, f"/{observed}{path}", body)).status_code == 403, path
    await office.api("PATCH", f"{office.path}/{observed}", {"observers": []})
    assert (await office.ask("GET", f"/{observed}")).status_code == 404


async def test_a_record_that_is_handed_over_is_shown_once_more_and_then_no_more(office: Office) -> None:
    """PERM-04: the answer to the change is the record as the caller left it."""
    id_ = await office.made(responsible_id="anna")
    await office.allow({"read": "own", "update": "own"})
    given = {"responsible_id": "emil", "contacts": [{"contact_id": "bob"}]}
    answer = await office.ask("PATCH", f"/{id_}", given, prefer="wait=1")
    assert (answer.status_code, answer.json()["responsible_id"]) == (200, "emil"), answer.text
    assert (await office.ask("GET", f"/{id_}")).status_code == 404


async def test_an_answer_is_given_again_while_the_rights_are_those_that_it_was_made_with(office: Office) -> None:
    """PERM-01, PERM-05: with others the request is judged as a new one, and does nothing twice."""
    key, body = str(uuid4()), {"title": "Pumps"}
    await office.allow({"read": "own", "add": "own"})
    first = await office.ask("POST", "", body, idempotency_key=key)
    id_ = first.json()["id"]
    await office.api("PATCH", f"{office.path}/{id_}", {"title": "Secret", "responsible_id": "emil"})

    async def again() -> httpx.Response:
        return await office.ask("POST", "", body, idempotency_key=key)

    await office.allow({"read": "own", "add": "none", "update": "own"})
    assert ((await again()).status_code, (await again()).json()["code"]) == (403, "right_missing")
    await office.allow({"read": "own", "add": "all"})
    hidden = await again()
    assert (hidden.status_code, "Secret" in hidden.text) == (404, False)
    await office.allow({"read": "all", "add": "all"})
    now = await again()
    assert (now.status_code, now.json()["id"], now.json()["title"]) == (201, id_, "Secret")
    await office.allow({"read": "own", "add": "own"})
    replayed = await again()
    assert (replayed.headers["idempotent-replayed"], replayed.json()) == ("true", first.json())
    assert (await office.stored(id_))["version"] == 2


async def test_rows_are_read_and_changed_by_the_rights_to_their_element(office: Office) -> None:
    """PERM-08."""
    id_, rows = await office.made(rows=[{"name": "Pump", "price": "10"}]), {"rows": [{"name": "Valve", "price": "5"}]}
    await office.allow({"read": "own", "update": "own"})
    assert (await office.ask("PUT", f"/{id_}/rows", rows)).status_code == 404
    await office.allow({"read": "all", "update": "own"})
    assert [row["name"] for row in (await office.ask("GET", f"/{id_}")).json()["rows"]] == ["Pump"]
    assert (await office.ask("PUT", f"/{id_}/rows", rows)).status_code == 403
    await office.allow(CHANGE)
    assert [row["name"] for row in (await office.ask("PUT", f"/{id_}/rows", rows)).json()["rows"]] == ["Valve"]


async def test_what_is_added_is_judged_as_it_would_be(office: Office) -> None:
    """PERM-01, PERM-02: by who is to be responsible for it, and by its stage."""
    await office.allow({"read": "own", "add": "own"})
    assert (await office.ask("POST", "", {})).status_code == 201
    refused = await office.ask("POST", "", {"responsible_id": "emil"})
    assert (refused.status_code, refused.json()["level"]) == (403, "own")
    stage = _elsewhere(office)
    await office.allow({"read": "all", "add": "all"}, office.right({"add": "none"}, **stage))
    assert (await office.ask("POST", "", {})).status_code == 201
    assert (await office.ask("POST", "", {"stage_id": stage["stage_id"]})).status_code == 403


async def test_a_record_moves_only_between_stages_where_it_may_be_updated(office: Office) -> None:
    """PERM-02: out of one as well as into one; the error says so, and names the stage."""
    id_, closed = await office.made(), _elsewhere(office)
    await office.allow(CHANGE, office.right({"update": "none"}, **closed))
    refused = await office.ask("PUT", f"/{id_}/stage", {"stage_id": closed["stage_id"]})
    assert (refused.status_code, refused.json()["code"]) == (403, "stage_right_missing")
    assert (refused.json()["stage_id"], refused.json()["level"]) == (closed["stage_id"], "none")
    assert (await office.stored(id_))["version"] == 1
    await office.api("PUT", f"{office.path}/{id_}/stage", {"stage_id": closed["stage_id"]})
    refused = await office.ask("PUT", f"/{id_}/stage", {"stage_id": "NEW"})
    assert (refused.status_code, refused.json()["code"]) == (403, "stage_right_missing")
    assert (await office.ask("PATCH", f"/{id_}", {"title": "x"})).json()["code"] == "right_missing"
    await office.allow(CHANGE)
    assert (await office.ask("PUT", f"/{id_}/stage", {"stage_id": "NEW"})).json()["stage_id"] == "NEW"


async def test_the_right_of_a_stage_goes_before_that_of_the_type(office: Office) -> None:
    """PERM-02: also in lists."""
    mark, closed = str(uuid4()), _elsewhere(office)
    there, here = await office.made(title=mark, stage_id=closed["stage_id"]), await office.made(title=mark)
    await office.allow({"read": "all"}, office.right({"read": "none"}, **closed))
    assert await office.listed(filter={"title": mark}) == {here}
    assert (await office.ask("GET", f"/{there}")).status_code == 404
    await office.allow({"read": "own"}, office.right(READ, **closed))
    assert await office.listed(filter={"title": mark}) == {there}
    assert (await office.ask("GET", f"/{here}")).status_code == 404


async def test_the_right_of_a_stage_goes_before_that_of_its_pipeline_and_that_before_the_types(deals: Office) -> None:
    """PERM-02."""
    id_, pipeline = await deals.made(), {"pipeline_id": "default"}
    await deals.allow({"read": "none"}, deals.right(READ, **pipeline))
    assert (await deals.ask("GET", f"/{id_}")).status_code == 200
    await deals.allow(READ, deals.right({"read": "own"}, **pipeline))
    assert (await deals.ask("GET", f"/{id_}")).status_code == 404
    await deals.allow(READ, deals.right({"read": "own"}, **pipeline), deals.right(READ, **pipeline, stage_id="NEW"))
    assert (await deals.ask("GET", f"/{id_}")).status_code == 200


async def test_a_pipeline_of_which_nothing_may_be_read_does_not_exist(deals: Office) -> None:
    """PERM-03, PIPE-03: its stages are not shown, its deals are not listed, and none is created there."""
    id_, closed = await deals.made(), deals.right({"read": "none"}, pipeline_id="default")
    await deals.allow(EVERY, closed)

    async def stages(pipeline_id: str) -> httpx.Response:
        return await as_seller(deals.api, "GET", f"/deal-stages?pipeline_id={pipeline_id}", x_correlation_id="c")

    hidden, absent = await stages("default"), await stages("another")
    assert (hidden.status_code, hidden.json()["code"]) == (422, "pipeline_not_found")
    assert hidden.text.replace("default", "another") == absent.text
    for method, path in (("POST", ""), ("PUT", f"/external/shop/{uuid4()}")):
        assert (await deals.ask(method, path, {})).json()["code"] == "pipeline_not_found", path
    (one,) = (await deals.ask("POST", "/batch", {"items": [{}]})).json()["items"]
    assert one["problem"]["code"] == "pipeline_not_found"
    assert id_ not in await deals.listed()
    await deals.allow(EVERY, closed, deals.right(READ, pipeline_id="default", stage_id="WON"))
    assert (await stages("default")).status_code == 200


async def test_an_origin_that_is_taken_by_a_hidden_record_names_it_not(office: Office) -> None:
    """PERM-01, CMN-14."""
    origin = {"originator_id": "shop", "origin_id": str(uuid4())}
    id_ = await office.made(**origin)
    external = f"/external/shop/{origin['origin_id']}"
    await office.allow({**EVERY, "read": "own", "update": "own"})
    batch = {"items": [origin], "on_existing": "correct"}
    taken = [
        (await office.ask("POST", "", origin)).json(),
        (await office.ask("PUT", external, {"title": "Taken over"})).json(),
        (await office.ask("POST", "/batch", batch)).json()["items"][0]["problem"],
        (await office.ask("POST", "/batch", {"items": [origin]})).json()["items"][0]["problem"],
    ]
    for problem in taken:
        assert (problem["code"], "existing_id" in problem, id_ in str(problem)) == ("origin_taken", False, False)
    stale = await office.ask("PUT", external, {}, if_match='"1"', x_correlation_id="c")
    absent = await office.ask("PUT", "/external/shop/unknown", {}, if_match='"1"', x_correlation_id="c")
    assert (stale.status_code, stale.text) == (412, absent.text)
    await office.allow(EVERY)
    assert (await office.ask("POST", "", origin)).json()["existing_id"] == id_
    assert (await office.stored(id_))["version"] == 1


async def test_a_record_is_read_by_its_origin_and_a_hidden_one_is_as_none(office: Office) -> None:
    """CMN-14, PERM-01: as one that was deleted, whose origin is emptied with it."""
    origin = {"originator_id": "shop", "origin_id": f"{uuid4()}/1"}
    id_ = await office.made(**origin)
    external = f"/external/shop/{origin['origin_id']}"
    await office.allow(EVERY)
    found = await office.ask("GET", external)
    assert (found.status_code, found.json()["id"]) == (200, id_)
    assert found.headers["etag"] == (await office.ask("GET", f"/{id_}")).headers["etag"]
    await office.allow({"read": "own"})
    hidden = await office.ask("GET", external, x_correlation_id="c")
    absent = await office.ask("GET", "/external/shop/unknown", x_correlation_id="c")
    assert (hidden.status_code, hidden.json()["code"]) == (404, "not_found")
    assert hidden.text.replace(origin["origin_id"], "unknown") == absent.text
    await office.api("DELETE", f"{office.path}/{id_}")
    await office.allow(EVERY)
    assert (await office.ask("GET", external)).json()["code"] == "not_found"


async def test_an_upsert_needs_the_right_to_what_it_does(office: Office) -> None:
    """PERM-01, CMN-14: to update what is there, and to add what is not."""
    known, new = f"/external/shop/{uuid4()}", f"/external/shop/{uuid4()}"
    await office.api("PUT", f"{office.path}{known}", {})
    await office.allow({"read": "all", "update": "all"})
    assert (await office.ask("PUT", known, {"title": "Corrected"})).status_code == 200
    assert (await office.ask("PUT", new, {})).json()["action"] == "add"
    await office.allow({"read": "all", "add": "all"})
    assert (await office.ask("PUT", new, {})).status_code == 201
    assert (await office.ask("PUT", known, {"title": "Again"})).json()["action"] == "update"


async def test_who_has_no_role_or_is_no_user_keeps_what_the_token_says(office: Office) -> None:
    """PERM-09: a token role of its own restricts nobody, and an administrator's token is never restricted."""
    id_ = await office.made(responsible_id="emil")
    await office.allow({"read": "none"})
    for roles in (["user"], ["reader"], ["admin", "seller"]):
        assert (await office.api("GET", f"{office.path}/{id_}", roles=roles)).status_code == 200, roles
    assert (await office.api("GET", f"{office.path}/{id_}", roles=["user", "seller"])).status_code == 404


async def test_a_token_tells_the_department_and_whether_its_bearer_is_an_administrator(office: Office) -> None:
    """PERM-09.4: a department counts beside those that have the user among their members, and for this token alone."""
    await store(office.api, *DEPARTMENTS)
    await office.allow({"read": "department", "update": "department"})
    emils, bens = await office.made(responsible_id="emil"), await office.made(responsible_id="ben")
    assert (await office.ask("GET", f"/{emils}")).status_code == 404
    for path in ("service", "hq/service"):
        colleague = office.claiming(department=path)
        assert (await colleague.ask("GET", f"/{emils}")).status_code == 200
        assert (await colleague.ask("PATCH", f"/{emils}", {"title": path})).status_code == 200
        found = await colleague.ask("POST", "/query", {"filter": {"id": {"in": [emils, bens]}}})
        assert {each["id"] for each in found.json()["items"]} == {emils, bens}
    for other in ("service/hq", "unknown", ""):
        assert (await office.claiming(department=other).ask("GET", f"/{emils}")).status_code == 404
    await office.allow({"read": "none"})
    assert (await office.claiming(is_admin=False).ask("GET", f"/{emils}")).status_code == 404
    assert (await office.claiming(is_admin=True).ask("DELETE", f"/{emils}")).status_code == 204


async def test_a_token_with_scopes_is_limited_to_them_whatever_roles_its_user_has(office: Office) -> None:
    """PERM-09: a token that was made to read changes nothing, and what its user may not read it does not read."""
    mine, bens = await office.made(responsible_id="anna"), await office.made()
    await office.allow(dict.fromkeys(("read", "add", "update", "delete"), "own"))
    assert (await office.ask("PATCH", f"/{mine}", {"title": "Mine"})).status_code == 200
    limited = office.claiming(scope=f"{office.type.service}:read")
    assert (await limited.ask("GET", f"/{mine}")).status_code == 200
    assert (await limited.ask("GET", f"/{bens}")).status_code == 404
    for method, path, body in (("PATCH", f"/{mine}", {"title": "x"}), ("DELETE", f"/{mine}", None), ("POST", "", {})):
        refused = await limited.ask(method, path, body)
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden"), method
    signed_in = office.claiming(scope="openid profile email")
    assert (await signed_in.ask("PATCH", f"/{mine}", {"title": "Signed in"})).status_code == 200
    elsewhere = office.claiming(scope="catalog:read")
    assert (await elsewhere.ask("GET", f"/{mine}")).status_code == 403


async def test_deals_without_the_right_to_read_them_are_omitted(office: Office) -> None:
    """DEAL-01.10: from every page, without a gap, a count or an error that tells of them; so are leads."""
    await office.allow({"read": "own"})
    mine = []
    for _ in range(3):
        mine.append(await office.made(responsible_id="anna", title="Omitted"))
        await office.made(responsible_id="ben", title="Omitted")
    pages: list[list[str]] = []
    body: dict[str, Any] = {"filter": {"title": "Omitted", "id": {"!=": "x"}}, "limit": 2, "count": "capped"}
    for _ in range(2):
        page = (await office.ask("POST", "/query", body)).json()
        pages.append([each["id"] for each in page["items"]])
        assert page["count"] == {"value": 3, "is_exact": True}
        body["cursor"] = page["next_cursor"]
    assert (pages, body["cursor"]) == ([mine[:0:-1], mine[:1]], None)
    listed = (await office.ask("GET", f"?{urlencode({'filter': json.dumps({'title': 'Omitted'})})}")).json()
    assert [each["id"] for each in listed["items"]] == mine[::-1]
    assert "ben" not in str(listed)


async def test_a_product_that_may_not_be_read_is_sold_by_no_request(office: Office) -> None:
    """PERM-01, PERM-08: as one that there never was; rows that there are belong to their record, and stay."""
    pump, sold = str(uuid4()), {"rows": [{"name": "Pump", "quantity": "2", "price": "7"}]}
    facts = {"name": "Pump", "active": True, "price": {"value": "9", "currency": "EUR"}}
    await Products(office.api.database.collection("products")).remember(pump, facts, 1)
    everything = Right(element=office.type.noun, levels=dict.fromkeys(("read", "add", "update", "import"), "all"))
    new = {"rows": [{"product_id": pump, "quantity": "2"}]}

    async def tried() -> list[httpx.Response]:
        record = await office.made()
        origin = f"/external/shop/{uuid4()}"
        return [
            await office.ask("PUT", f"/{record}/rows", new),
            await office.ask("POST", "", new),
            await office.ask("PUT", origin, new),
        ]

    await allow(office.api, everything, Right(element="product", levels={"read": "own"}))
    for refused in await tried():
        assert refused.status_code == 422, refused.text
        assert [(each["field"], each["code"]) for each in refused.json()["errors"]] == [
            ("rows.0.product_id", "product_not_found")
        ]
    batch = (await office.ask("POST", "/batch", {"items": [new]})).json()
    assert "product_not_found" in str(batch)
    kept = await office.made(**new)
    (row,) = (await office.ask("GET", f"/{kept}")).json()["rows"]
    again = await office.ask("PUT", f"/{kept}/rows", {"rows": [{"id": row["id"], "quantity": "3"}]})
    assert (again.status_code, again.json()["rows"][0]["price"]) == (200, row["price"]), again.text
    assert (await office.ask("POST", "", sold)).status_code == 201
    await allow(office.api, everything, Right(element="product", levels={"read": "opened"}))
    for accepted in await tried():
        assert accepted.is_success, accepted.text
