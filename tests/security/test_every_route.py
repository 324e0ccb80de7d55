"""Every route of every service is closed to whoever has no right to it; the routes are the apps' own, not a list."""

import time
from collections import defaultdict
from pathlib import Path
from typing import Any, Final

import pytest
from crm_contracts.elements import ELEMENTS

from deploy.cli.commands.token import ROLES, SCOPES
from deploy.local.services import SERVICES
from tests.kit.tokens import Signer
from tests.security.conftest import Operation, System

OPEN: Final = {
    "GET /health/live",
    "GET /health/ready",
    "GET /openapi.json",
    "GET /docs",
    "GET /docs/oauth2-redirect",
    "GET /redoc",
    "GET /",
    "GET /errors",
    "GET /errors/{code}",
}
FORMS: Final = {"POST /v1/leads/inbound/{form}"}
"""Open to who has the secret of a form, and to no token; see `tests/leads/test_forms.py`."""
READ: Final = "GET"


def closed(system: System, service: str) -> list[Operation]:
    return [operation for operation in system.operations(service) if str(operation) not in OPEN | FORMS]


@pytest.mark.parametrize("service", SERVICES)
async def test_only_health_and_docs_are_open(system: System, service: str) -> None:
    operations = system.operations(service)
    assert {str(operation) for operation in operations} >= OPEN
    assert len(closed(system, service)) >= 8, "the routes were not found"
    for operation in operations:
        status = (await system.ask(operation, None)).status_code
        assert (status == 401) == (str(operation) not in OPEN), f"{operation}: {status}"


async def test_no_token_opens_the_way_in_of_forms(system: System) -> None:
    """It is for sites and ad networks, which hold none; the secret of a form is what it asks for."""
    (operation,) = (each for each in system.operations("leads") if str(each) in FORMS)
    for roles in ([], ["user"], ["admin"]):
        answer = await system.ask(operation, f"Bearer {system.signer.token(roles=roles)}")
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


QUESTIONS = {
    "/v1/duplicates/find",
    "/v1/duplicates/search",
    *(f"/v1/{type_.plural}/query" for type_ in ELEMENTS.values()),
}
"""Asked by POST, because what is asked for does not belong into an address: they change nothing."""
ADMIN = {"read", "write", "admin", "dead-letters", "export", "settings"}


@pytest.mark.parametrize("service", SERVICES)
async def test_a_token_that_proves_nothing_opens_no_route(system: System, service: str, tmp_path: Path) -> None:
    stranger, signer = Signer(tmp_path / "other.json"), system.signer
    bad = {
        "no token": None,
        "an empty one": "Bearer ",
        "expired": f"Bearer {signer.token(exp=int(time.time()) - 60, roles=['admin'])}",
        "signed by another key": f"Bearer {stranger.token(roles=['admin'])}",
        "for another audience": f"Bearer {signer.token(aud='shop', roles=['admin'])}",
        "by another issuer": f"Bearer {signer.token(iss='somebody', roles=['admin'])}",
        "unsigned": f"Bearer {signer.unsigned()}",
        "signed with the public key": f"Bearer {signer.signed_with_the_public_key()}",
    }
    for operation in closed(system, service):
        for name, authorization in bad.items():
            answer = await system.ask(operation, authorization)
            assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated"), f"{operation}: {name}"
            assert answer.headers["www-authenticate"] == "Bearer"


async def needed(system: System, operation: Operation) -> str:
    """The permission that a caller without any is told of."""
    answer = await system.ask(operation, f"Bearer {system.signer.token(roles=[], scope='nothing:at-all')}")
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), f"{operation}: {answer.text}"
    permission: str = answer.json()["detail"].split()[2]
    return permission


@pytest.mark.parametrize("service", SERVICES)
async def test_every_route_needs_a_right_of_its_own_service(system: System, service: str) -> None:
    rights = defaultdict[str, set[str]](set)
    for operation in closed(system, service):
        method = READ if operation.path in QUESTIONS else operation.method
        rights[await needed(system, operation)].add(method)
    mine = {scope for scope in SCOPES if scope.startswith(f"{service}:")}
    assert rights.keys() == mine | {"metrics:read"}
    assert rights[f"{service}:read"] == {READ}
    assert READ not in rights[f"{service}:write"]


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_account_may_do_what_its_scope_says_and_nothing_else(system: System, service: str) -> None:
    """`<service>:read` and no role: every read of that service, nothing else there, and nothing elsewhere."""
    account = f"Bearer {system.signer.token(sub='billing', kind='service', roles=None, scope=f'{service}:read')}"
    for other in SERVICES:
        for operation in closed(system, other):
            status = (await system.ask(operation, account)).status_code
            allowed = await needed(system, operation) == f"{service}:read"
            assert (status != 403) == allowed, f"{other}, {operation}: {status}"
            assert status != 401


@pytest.mark.parametrize("service", SERVICES)
async def test_a_role_allows_what_the_table_says(system: System, service: str) -> None:
    allowed = {"reader": {"read"}, "user": {"read", "write"}, "admin": ADMIN}
    assert tuple(allowed) == ROLES
    for role, actions in allowed.items():
        token = f"Bearer {system.signer.token(roles=[role])}"
        for operation in closed(system, service):
            action = (await needed(system, operation)).partition(":")[2]
            status = (await system.ask(operation, token)).status_code
            assert (status != 403) == (action in actions), f"{role}, {operation}: {status}"


@pytest.mark.parametrize(
    "odd",
    [
        {"roles": "admin"},
        {"roles": {"admin": True}},
        {"roles": None},
        {"roles": ["Admin", "administrator", "*"]},
        {"roles": [], "scope": ["leads:read"]},
        {"roles": [], "scope": "leads:* *:read leads:readonly"},
        {"roles": [], "scope": {"leads:read": True}},
    ],
    ids=str,
)
async def test_rights_of_another_shape_are_no_rights(system: System, odd: dict[str, Any]) -> None:
    token = f"Bearer {system.signer.token(**odd)}"
    for operation in closed(system, "leads"):
        assert (await system.ask(operation, token)).status_code == 403, operation


async def refused_as_nobody(system: System, **claims: Any) -> None:
    token = f"Bearer {system.signer.token(**claims)}"
    for operation in closed(system, "leads"):
        assert (await system.ask(operation, token)).status_code == 401, operation


@pytest.mark.parametrize(
    "odd",
    [
        {"sub": ""},
        {"sub": 7},
        {"sub": ["ann"]},
        {"sub": None},
        {"sub": "a" * 256},
        {"sub": "a" * 8_000},
        {"sub": "ann\x00"},
        {"sub": "ann\ud800"},
        {"exp": 10**400},
    ],
    ids=lambda odd: ascii(odd)[:30],
)
async def test_a_token_of_nobody_is_none(system: System, odd: dict[str, Any]) -> None:
    await refused_as_nobody(system, **odd)


async def test_a_token_that_is_not_yet_valid_is_none(system: System) -> None:
    await refused_as_nobody(system, nbf=int(time.time()) + 600)
