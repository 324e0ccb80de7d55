"""What metrics and traces name as the route of a request is its whole path."""

from collections.abc import Iterator
from inspect import iscoroutinefunction
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from tests.architecture.built import built_app
from tests.architecture.sources import SERVICES

OTHERS = {
    "/health/live",
    "/health/ready",
    "/metrics",
    "/docs",
    "/docs/oauth2-redirect",
    "/redoc",
    "/",
    "/errors",
    "/errors/{code}",
}


def endpoints(router: Any) -> Iterator[APIRoute]:
    """Every route with an endpoint, in routers that are included as well."""
    for route in router.routes:
        if isinstance(route, APIRoute):
            yield route
        elif hasattr(route, "original_router"):
            yield from endpoints(route.original_router)


def cut_off(router: Any) -> list[str]:
    paths = {route.path for route in endpoints(router)}
    return sorted(path for path in paths - OTHERS if not path.startswith("/v1/"))


@pytest.mark.parametrize("service", SERVICES)
def test_every_route_knows_its_whole_path(service: str) -> None:
    app = built_app(service)
    assert len(list(endpoints(app))) > 5
    assert cut_off(app) == []


def test_a_route_whose_prefix_is_that_of_an_outer_router_is_found() -> None:
    outer, inner = APIRouter(prefix="/v1"), APIRouter()
    inner.add_api_route("/leads", lambda: None)
    outer.include_router(inner)
    assert cut_off(outer) == ["/leads"]


def on_threads(dependant: Dependant) -> list[str]:
    """Dependencies that are not coroutines: each costs every request a hop to a thread and back."""
    found = []
    for each in dependant.dependencies:
        if not (iscoroutinefunction(each.call) or iscoroutinefunction(type(each.call).__call__)):
            found.append(getattr(each.call, "__name__", "?"))
        found += on_threads(each)
    return found


@pytest.mark.parametrize("service", SERVICES)
def test_what_routes_depend_on_runs_on_the_event_loop(service: str) -> None:
    found = {f"{route.name}: {name}" for route in endpoints(built_app(service)) for name in on_threads(route.dependant)}
    assert found == set()


def test_a_dependency_that_runs_on_a_thread_is_found() -> None:
    router = APIRouter()

    def most() -> int:
        return 1

    async def read(limit: Annotated[int, Depends(most)]) -> int:
        return limit

    router.add_api_route("/leads", read)
    assert [on_threads(route.dependant) for route in endpoints(router)] == [["most"]]
