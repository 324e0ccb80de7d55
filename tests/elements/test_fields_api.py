"""Callers learn from every service which fields its elements have, what they are, and what they may change."""

import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import pytest
import pytest_asyncio
from crm_contracts.elements import ELEMENTS, PRODUCT, ElementType
from fastapi import FastAPI

from deploy.local.mongo import Mongo
from services.catalog import app as catalog
from services.clients import app as clients
from services.deals import app as deals
from services.leads import app as leads
from shared.elements.domain.fields import catalogue_of
from shared.kit.settings import ServiceSettings
from tests.builders.running import Api, running, wrong_fields

BUILD: Final[Mapping[str, Callable[[], tuple[FastAPI, ServiceSettings]]]] = {
    "leads": leads.build,
    "deals": deals.build,
    "clients": clients.build,
    "catalog": catalog.build,
}


@dataclass(frozen=True)
class Asked:
    """The service of one element type."""

    api: Api
    type: ElementType

    @property
    def path(self) -> str:
        return f"/{self.type.plural}/fields"

    async def fields(self, **how: Any) -> dict[str, dict[str, Any]]:
        answer = await self.api("GET", self.path, **how)
        assert answer.status_code == 200, answer.text
        assert answer.json()["next_cursor"] is None
        return {each["name"]: each for each in answer.json()["items"]}


@pytest_asyncio.fixture(scope="module", loop_scope="session", params=ELEMENTS.values(), ids=ELEMENTS)
async def asked(
    request: pytest.FixtureRequest, mongo: Mongo, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Asked]:
    service = request.param.service
    async with running(service, BUILD[service], mongo, tmp_path_factory.mktemp(service)) as api:
        yield Asked(api, request.param)


async def test_all_fields_are_listed_in_the_order_of_the_catalogue(asked: Asked) -> None:
    fields = await asked.fields()
    assert list(fields) == list(catalogue_of(asked.type))
    for name, declared in catalogue_of(asked.type).items():
        shown = fields[name]
        assert (shown["title"], shown["kind"], shown["dictionary"]) == (
            declared.title,
            declared.kind,
            declared.dictionary,
        )
        assert len(shown["operators"]) == len(declared.operators)
        assert set(shown["operators"]) == declared.operators
        assert (shown["is_list"], shown["is_orderable"], shown["is_personal"]) == (
            declared.is_list,
            declared.is_orderable,
            declared.is_personal,
        )


async def test_a_field_says_what_it_is(asked: Asked) -> None:
    """DICT-01, DEAL-01."""
    assert (await asked.fields())["created_at"] == {
        "name": "created_at",
        "title": "Created at",
        "kind": "datetime",
        "is_list": False,
        "dictionary": None,
        "operators": ["=", "!=", ">", ">=", "<", "<=", "in", "not in", "empty"],
        "is_orderable": asked.type is not PRODUCT,
        "is_writable": False,
        "is_personal": False,
    }


async def test_a_caller_may_change_what_is_said_to_be_writable_and_nothing_else(asked: Asked) -> None:
    """CMN-10: a correction that names every field is told of those that do not exist for it."""
    fields = await asked.fields()
    answer = await asked.api("PATCH", f"/{asked.type.plural}/nobody", {name: {"odd": 1} for name in fields})
    assert answer.status_code == 422, answer.text
    refused = {error["field"] for error in answer.json()["errors"] if error["code"] == "extra_forbidden"}
    unknown = refused & fields.keys()  # a value that is an object has fields of its own
    assert {name for name, field in fields.items() if not field["is_writable"]} == unknown


async def test_a_reader_may_change_nothing(asked: Asked) -> None:
    """PERM-01."""
    fields, of_user = await asked.fields(roles=("reader",)), await asked.fields()
    assert not any(field["is_writable"] for field in fields.values())
    assert any(field["is_writable"] for field in of_user.values())
    assert fields == {name: {**field, "is_writable": False} for name, field in of_user.items()}


@pytest.mark.parametrize(("roles", "status"), [((), 403), (None, 401)])
async def test_who_may_not_read_the_elements_learns_nothing_of_their_fields(
    asked: Asked, roles: tuple[str, ...] | None, status: int
) -> None:
    """PERM-01, PERM-09."""
    answer = await asked.api("GET", asked.path, roles=roles)
    assert answer.status_code == status
    assert "created_at" not in answer.text


async def test_who_has_the_list_already_is_spared_it(asked: Asked) -> None:
    first = await asked.api("GET", asked.path)
    etag = first.headers["etag"]
    again = await asked.api("GET", asked.path, if_none_match=etag)
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    of_reader = await asked.api("GET", asked.path, roles=("reader",), if_none_match=etag)
    assert (of_reader.status_code, of_reader.headers["etag"] == etag) == (200, False)


@pytest.mark.parametrize("query", ["kind=date", "limit=5", "cursor=x", "fields", "kind=date&kind=text"])
async def test_a_parameter_that_is_not_known_is_refused(asked: Asked, query: str) -> None:
    answer = await asked.api("GET", f"{asked.path}?{query}")
    assert wrong_fields(answer) == [query.partition("=")[0]]


async def test_what_a_list_of_fields_does_not_act_on_is_refused(asked: Asked) -> None:
    assert wrong_fields(await asked.api("GET", asked.path, {"kind": "date"})) == ["body"]
    headers = {"if_match": '"1"', "prefer": "wait=1", "idempotency_key": json.dumps(1)}
    for name, value in headers.items():
        assert wrong_fields(await asked.api("GET", asked.path, **{name: value})) == [name.replace("_", "-")]
