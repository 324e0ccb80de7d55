"""What callers and files give is parsed strictly: `"0"` is no date, `1.0` no page size, `on` no truth."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Final

import pytest
from crm_contracts.elements import ELEMENTS
from fastapi import APIRouter, FastAPI, Query
from fastapi.routing import APIRoute
from pydantic import BaseModel

from shared.elements.schemas.strict_types import StrictDate, StrictDatetime, StrictInt
from shared.kit.web.schemas import Limit, Truth
from tests.architecture.built import built_app
from tests.architecture.conftest import Plant
from tests.architecture.sources import ROOT, SERVICES, Module, read, report
from tests.architecture.test_routes import endpoints

LENIENT: Final = {"int", "float", "bool", "decimal", "date", "datetime", "time", "timedelta"}
"""Types that pydantic reads from texts, and from one another, unless told not to."""
STRICT: Final = {"shared.elements.schemas.strict_types", "shared.kit.web.schemas"}
"""Where the checks before such types are."""
PARSERS: Final = re.compile(r"int|float|bool|(.*\.)?(fromisoformat|strptime)")


def lenient(schema: Any) -> Iterator[str]:
    """The types in a schema of pydantic that are parsed leniently."""
    if isinstance(schema, list | tuple):
        for each in schema:
            yield from lenient(each)
    if not isinstance(schema, Mapping):
        return
    kind = schema.get("type") if isinstance(schema.get("type"), str) else None  # a field may be called so
    if kind in LENIENT and not schema.get("strict"):
        yield str(kind)
    if kind == "function-before" and schema["function"]["function"].__module__ in STRICT:
        return
    for name, inner in schema.items():
        if name not in {"serialization", "metadata", "default", "config"}:
            yield from lenient(inner)


def parsed_leniently(router: Any) -> list[str]:
    found = []
    for route in endpoints(router):
        dependants = [route.dependant, *route.dependant.dependencies]
        given = [
            field
            for each in dependants
            for field in (*each.path_params, *each.query_params, *each.header_params, *each.cookie_params)
        ]
        for field in [*given, *([route.body_field] if route.body_field else [])]:
            types = sorted(set(lenient(field._type_adapter.core_schema)))
            found += [f"{route.path}: a lenient {type_} in {field.alias}" for type_ in types]
    return found


@pytest.mark.parametrize("service", SERVICES)
def test_no_route_parses_what_it_is_given_leniently(service: str) -> None:
    report(parsed_leniently(built_app(service)), "Use the strict types of the kit and of the elements.")


class Loose(BaseModel):
    day: date | None = None
    at: list[datetime] = []
    price: Decimal = Decimal(0)


class Tight(BaseModel):
    day: StrictDate | None = None
    at: list[StrictDatetime] = []
    sort: StrictInt = 0


def routed(endpoint: Callable[..., Any]) -> FastAPI:
    app, router = FastAPI(), APIRouter(prefix="/v1")
    router.add_api_route("/things", endpoint, methods=["POST"])
    app.include_router(router)
    return app


def test_a_lenient_type_is_found_wherever_it_is() -> None:
    def loose(body: Loose, wanted: Annotated[Loose, Query()], limit: int = 1, force: bool = False) -> None: ...  # noqa: FBT001, FBT002

    def tight(body: Tight, wanted: Annotated[Tight, Query()], limit: Limit = 1, force: Truth = False) -> None: ...  # noqa: FBT002

    found = [line.removeprefix("/v1/things: a lenient ") for line in parsed_leniently(routed(loose))]
    assert set(found) == {
        *(f"{type_} in {name}" for type_ in ("date", "datetime", "decimal") for name in ("body", "wanted")),
        "int in limit",
        "bool in force",
    }
    assert parsed_leniently(routed(tight)) == []


def lenient_parsers(modules: Iterable[Module]) -> list[str]:
    return [
        module.at(call, f"calls {name}()")
        for module in modules
        for call, name in module.calls()
        if PARSERS.fullmatch(name)
    ]


def test_no_cell_of_a_file_is_parsed_leniently() -> None:
    modules = read(ROOT, "deploy/cli/imports")
    assert modules
    report(
        lenient_parsers(modules), "Compare the whole cell with a pattern, or send it as it is: the service parses it."
    )


def test_a_lenient_parser_is_found(plant: Plant) -> None:
    modules = plant("deploy/cli/imports/x.py", "a = int(cell)\nb = datetime.fromisoformat(cell)\nc = Decimal(cell)\n")
    assert lenient_parsers(modules) == [
        "deploy/cli/imports/x.py:1: calls int()",
        "deploy/cli/imports/x.py:2: calls datetime.fromisoformat()",
    ]


def misnamed(routes: Iterable[APIRoute]) -> list[str]:
    """Paths in which the id of a record is not named after its noun."""
    nouns = {type_.plural: noun for noun, type_ in ELEMENTS.items()}
    return [
        route.path
        for route in routes
        for plural, name in re.findall(r"/([a-z-]+)/\{(\w+)\}", route.path)
        if plural in nouns and name != f"{nouns[plural]}_id"
    ]


@pytest.mark.parametrize("service", SERVICES)
def test_the_id_in_a_path_is_named_after_its_noun(service: str) -> None:
    report(misnamed(endpoints(built_app(service))), "It is `/leads/{lead_id}`: metrics, spans and clients have it.")


def test_an_id_of_another_name_is_found() -> None:
    router = APIRouter()
    for path in ("/leads/{element_id}", "/leads/{lead_id}", "/deals/{deal_id}/contacts/{id}"):
        router.add_api_route(path, lambda: None)
    assert misnamed(endpoints(router)) == ["/leads/{element_id}", "/deals/{deal_id}/contacts/{id}"]
