"""Dictionaries over HTTP, on the real MongoDB; each test takes one that no other changes, or values of its own."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from crm_contracts.dictionaries import (
    DictionaryValue,
    DictionaryValueCreated,
    DictionaryValueDeleted,
    DictionaryValueUpdated,
)
from crm_contracts.values import ElementRef

from deploy.local.mongo import Mongo
from services.catalog.app import build
from services.catalog.dictionary.domain.dictionary import MAX_VALUES, Dictionary
from services.catalog.dictionary.domain.errors import SystemValue, TooManyValues, ValueExists
from services.catalog.dictionary.domain.seeds import SEEDS
from services.catalog.dictionary.usecases import seed_dictionaries
from shared.kit.domain import Invalid, NotFound
from shared.kit.storage.inbox import INBOX_SIZE
from tests.builders.causes import NOON, later
from tests.builders.fakes import Documents
from tests.catalog.running import Api, running, wrong_fields
from tests.kit.tokens import Signer

WRITES = [
    ("POST", "/dictionaries/industry/values", {"code": "SPACE", "name": "Space"}),
    ("PATCH", "/dictionaries/industry/values/RETAIL", {"name": "Shops"}),
    ("DELETE", "/dictionaries/industry/values/RETAIL?force=true", None),
]


def admin(catalog: Api) -> str:
    return catalog.signer.token(roles=["admin"])


async def rule(catalog: Api, method: str, path: str, body: Any = None, **headers: str) -> Any:
    """What an administrator does succeeds."""
    answer = await catalog.call(method, f"/dictionaries/{path}", body, token=admin(catalog), **headers)
    assert answer.is_success, answer.text
    return answer


async def refused(catalog: Api, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, str]:
    answer = await catalog.call(method, f"/dictionaries/{path}", body, token=admin(catalog), **headers)
    return answer.status_code, answer.json()["code"]


async def codes(catalog: Api, dictionary: str) -> list[str]:
    answer = await catalog.call("GET", f"/dictionaries/{dictionary}")
    assert answer.status_code == 200, answer.text
    return [value["code"] for value in answer.json()["values"]]


async def test_the_dictionaries_are_there_from_the_start_with_their_values_in_order(catalog: Api) -> None:
    """DICT-01, CONT-02, CONT-05, COMP-02, COMP-06."""
    answer = await catalog.call("GET", "/dictionaries", token=catalog.signer.token(roles=["reader"]))
    found = {each["code"]: [value["code"] for value in each["values"]] for each in answer.json()["items"]}
    assert list(found) == [
        *(
            "contact_type",
            "company_type",
            "deal_type",
            "industry",
            "employees",
            "salutation",
            "source",
            "measure",
            "vat",
        ),
    ]
    assert found["contact_type"] == found["company_type"] == ["CLIENT", "SUPPLIER", "PARTNER", "OTHER"]
    assert found["industry"][:3] == ["MANUFACTURING", "DELIVERY", "FINANCE"]
    assert found["employees"] == ["EMPLOYEES_1", "EMPLOYEES_2", "EMPLOYEES_3", "EMPLOYEES_4"]
    (mister, _) = next(each["values"] for each in answer.json()["items"] if each["code"] == "salutation")
    named = {"code": "MR", "name": "Mr.", "default_name": "Mr.", "sort": 10, "system": True}
    assert mister == {**named, "rate": None, "semantic": None, "color": None}


async def test_every_seed_is_told_once_with_all_codes(catalog: Api) -> None:
    """DICT-01: who hears the first of them knows them all."""
    told = await catalog.pending("dictionaries", "employees")
    values, all_codes = SEEDS["employees"].values, tuple(SEEDS["employees"].names)
    ref = ElementRef(type="dictionary", id="employees", title="Employees")
    assert [event.data for event in told] == [
        DictionaryValueCreated(dictionary=ref, value=value, codes=all_codes) for value in values
    ]
    assert [event.sequence for event in told] == [1, 2, 3, 4]


async def test_replicas_that_start_at_once_or_again_seed_once(mongo: Mongo, tmp_path: Path) -> None:
    """DICT-01: and a start never brings back what was deleted."""
    async with running("catalog", build, mongo, Signer(tmp_path / "jwks.json")) as catalog:
        documents = catalog.database.collection("dictionaries")
        for code in SEEDS:
            await documents.delete({"_id": code})
        replicas = [Documents(Dictionary, documents) for _ in range(4)]
        await asyncio.gather(*(seed_dictionaries(later(n), dictionaries=each) for n, each in enumerate(replicas)))
        for code, seed in SEEDS.items():
            assert len(await catalog.pending("dictionaries", code)) == len(seed.names)
        await rule(catalog, "DELETE", "salutation/values/MS?force=true")
        await seed_dictionaries(NOON, dictionaries=replicas[0])
        assert await codes(catalog, "salutation") == ["MR"]


async def test_a_value_is_added_changed_and_deleted(catalog: Api, name: str) -> None:
    """DICT-02: its code and its first name stay; each change is told with what was before."""
    code, path = name.upper(), f"contact_type/values/{name.upper()}"
    made = await rule(catalog, "POST", "contact_type/values", {"code": code, "name": f" {name} ", "sort": 15})
    added: dict[str, Any] = {"code": code, "name": name, "default_name": name, "sort": 15, "system": False}
    added |= dict.fromkeys(("rate", "semantic", "color"))
    assert (made.status_code, made.json(), made.headers["location"]) == (201, added, f"/v1/dictionaries/{path}")
    assert (await codes(catalog, "contact_type"))[:3] == ["CLIENT", code, "SUPPLIER"]
    changed = await rule(catalog, "PATCH", path, {"name": "Rival", "sort": 35}, if_match=made.headers["etag"])
    assert changed.json() == {**added, "name": "Rival", "sort": 35}
    again = await rule(catalog, "PATCH", path, {"name": "Rival"})
    assert again.headers["etag"] == changed.headers["etag"], "what is so already is no change"
    left = await rule(catalog, "DELETE", path)
    assert [value["code"] for value in left.json()["values"]] == list(SEEDS["contact_type"].names)
    created, updated, deleted = [event.data for event in await catalog.pending("dictionaries", "contact_type")][-3:]
    ref = ElementRef(type="dictionary", id="contact_type", title="Contact types")
    value = DictionaryValue(**added)
    rival = value.model_copy(update={"name": "Rival", "sort": 35})
    with_it = ("CLIENT", code, "SUPPLIER", "PARTNER", "OTHER")
    assert created == DictionaryValueCreated(dictionary=ref, value=value, codes=with_it)
    assert isinstance(updated, DictionaryValueUpdated)
    assert (updated.before.model_dump(exclude_unset=True), updated.after.model_dump(exclude_unset=True)) == (
        {"name": name, "sort": 15},
        {"name": "Rival", "sort": 35},
    )
    assert (updated.value, updated.codes) == (rival, ("CLIENT", "SUPPLIER", "PARTNER", code, "OTHER"))
    assert deleted == DictionaryValueDeleted(dictionary=ref, before=rival, codes=tuple(SEEDS["contact_type"].names))


async def test_of_equal_places_the_system_value_comes_first(catalog: Api, name: str) -> None:
    """DICT-02: so a value that is just added is no default by accident."""
    await rule(catalog, "POST", "company_type/values", {"code": f"A{name.upper()}", "name": name})
    assert (await codes(catalog, "company_type"))[:2] == ["CLIENT", f"A{name.upper()}"]


async def test_a_code_is_unique_until_its_value_is_deleted(catalog: Api, name: str) -> None:
    """DICT-02."""
    body, path = {"code": name.upper(), "name": name}, f"industry/values/{name.upper()}"
    key = {"idempotency_key": f"add {name}"}
    first = await rule(catalog, "POST", "industry/values", body, **key)
    assert (await rule(catalog, "POST", "industry/values", body, **key)).json() == first.json()
    assert await refused(catalog, "POST", "industry/values", body) == (409, "value_exists")
    await rule(catalog, "DELETE", path)
    assert await refused(catalog, "DELETE", path) == (404, "not_found")
    assert await refused(catalog, "PATCH", path, {"sort": 1}) == (404, "not_found")
    assert (await rule(catalog, "POST", "industry/values", body)).status_code == 201


async def test_a_value_that_came_with_the_crm_is_deleted_by_force_only(catalog: Api) -> None:
    """DICT-02."""
    path = "industry/values/NON_PROFIT"
    assert await refused(catalog, "DELETE", path) == (409, "system_value")
    assert await refused(catalog, "DELETE", f"{path}?force=false") == (409, "system_value")
    await rule(catalog, "DELETE", f"{path}?force=true")
    assert "NON_PROFIT" not in await codes(catalog, "industry")


async def test_an_old_copy_changes_nothing(catalog: Api, name: str) -> None:
    """DICT-02: the version is the dictionary's."""
    old = (await catalog.call("GET", "/dictionaries/industry")).headers["etag"]
    await rule(catalog, "POST", "industry/values", {"code": name.upper(), "name": name}, if_match=old)
    for method, path, body in WRITES:
        short = path.removeprefix("/dictionaries/")
        assert await refused(catalog, method, short, body, if_match=old) == (412, "version_mismatch")


@pytest.mark.parametrize("roles", [["reader"], ["user"]])
@pytest.mark.parametrize(("method", "path", "body"), WRITES)
async def test_only_an_administrator_changes_a_dictionary(
    catalog: Api, roles: list[str], method: str, path: str, body: Any
) -> None:
    """DICT-02."""
    before = await codes(catalog, "industry")
    answer = await catalog.call(method, path, body, token=catalog.signer.token(roles=roles))
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert await codes(catalog, "industry") == before


async def test_bad_input_is_refused_with_every_wrong_field(catalog: Api) -> None:
    """DICT-02."""
    bad = {"code": "client", "name": " ", "sort": -1, "system": True}
    answer = await catalog.call("POST", "/dictionaries/industry/values", bad, token=admin(catalog))
    assert wrong_fields(answer) == {"code", "name", "sort", "system"}
    for code in ("", "A" * 51, "A-B", "É", 7):
        answer = await catalog.call(
            "POST", "/dictionaries/industry/values", {"code": code, "name": "x"}, token=admin(catalog)
        )
        assert wrong_fields(answer) == {"code"}
    bad = {"code": "OTHER", "name": "", "sort": 1.5, "default_name": "x"}
    answer = await catalog.call("PATCH", "/dictionaries/industry/values/RETAIL", bad, token=admin(catalog))
    assert wrong_fields(answer) == {"code", "name", "sort", "default_name"}
    assert await refused(catalog, "POST", "colours/values", {"code": "RED", "name": "Red"}) == (404, "not_found")
    assert (await catalog.call("GET", "/dictionaries/colours")).status_code == 404


def test_the_rules_hold_without_http() -> None:
    """DICT-02."""
    dictionary = Dictionary.create("salutation")
    with pytest.raises(ValueExists):
        dictionary.add_value("MR", "Sir", 10)
    with pytest.raises(Invalid):
        dictionary.add_value("DR", "", 10)
    with pytest.raises(Invalid):
        dictionary.change_value("MR", {"name": ""})
    with pytest.raises(NotFound):
        dictionary.delete_value("DR", by_force=True)
    with pytest.raises(SystemValue):
        dictionary.delete_value("MR", by_force=False)
    for number in range(MAX_VALUES - 2):
        dictionary.add_value(f"V{number}", "x", 10)
    with pytest.raises(TooManyValues):
        dictionary.add_value("ONE_MORE", "x", 10)
    dictionary.delete_value("MR", by_force=True)
    dictionary.add_value("MR", "Sir", 10)
    assert (dictionary.value("MR").default_name, dictionary.value("MR").system) == ("Sir", False)


async def test_a_value_whose_answer_was_lost_is_added_once_however_much_has_changed_since(catalog: Api) -> None:
    path, body = "/dictionaries/employees/values", {"code": "LATE", "name": "Late"}
    token = admin(catalog)
    first = await catalog.call("POST", path, body, token=token, idempotency_key="late")
    assert first.status_code == 201, first.text
    keys = catalog.database.collection("idempotency")
    for kept in await keys.find({}):
        await keys.update({"_id": kept["_id"]}, {"$unset": {"answer": ""}})
    for sort in range(INBOX_SIZE + 1):
        await catalog.call("PATCH", f"{path}/LATE", {"sort": sort}, token=token)
    again = await catalog.call("POST", path, body, token=token, idempotency_key="late")
    assert (again.status_code, again.json()["code"], again.json()["sort"]) == (201, "LATE", INBOX_SIZE)
