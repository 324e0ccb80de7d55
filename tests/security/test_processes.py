"""What a caller may not do directly he may not do through a process: every door from one service to others."""

from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final
from uuid import uuid4

import pytest

from tests.security.conftest import System

ALL: Final = ("leads:write", "deals:write", "clients:write", "timeline:write", "timeline:read")


@dataclass(frozen=True)
class Door:
    """A request that makes another service change something; `own` is the permission of its route."""

    service: str
    own: str
    others: tuple[str, ...]
    method: str
    path: str
    body: Any = None
    first: tuple[str, Any] | None = None
    """What has to be there: the path where it is created, and its body. Its id goes into the door's path."""


def conversion(*targets: str, needs: tuple[str, ...]) -> Door:
    body = {"targets": list(targets)} if targets else {}
    return Door("leads", "leads:write", needs, "POST", "/leads/{id}/conversion", body, ("/leads", {}))


def card(kind: str, noun: str) -> Door:
    body = {"last_name": "Berg"} if kind == "contacts" else {"title": "ACME"}
    needs = (f"{noun}s:write",)
    return Door("clients", "clients:write", needs, "POST", f"/{kind}", {**body, "link_to": {"type": noun, "id": "x"}})


DOORS: Final = {
    "a conversion into a contact": conversion("contact", needs=("clients:write",)),
    "a conversion into a company": conversion("company", needs=("clients:write",)),
    "a conversion into a deal": conversion("deal", needs=("deals:write",)),
    "a conversion by default": conversion(needs=("clients:write", "deals:write")),
    "a contact for a lead's card": card("contacts", "lead"),
    "a contact for a deal's card": card("contacts", "deal"),
    "a company for a lead's card": card("companies", "lead"),
    "a company for a deal's card": card("companies", "deal"),
    "a merge of contacts": Door(
        "clients",
        "clients:write",
        ("leads:write", "deals:write"),
        "POST",
        "/contacts/{id}/merge",
        {"others": ["x"]},
        ("/contacts", {"last_name": "Berg"}),
    ),
    "a merge of companies": Door(
        "clients",
        "clients:write",
        ("leads:write", "deals:write"),
        "POST",
        "/companies/{id}/merge",
        {"others": ["x"]},
        ("/companies", {"title": "ACME"}),
    ),
    "an entry bound to a deal": Door(
        "timeline",
        "timeline:write",
        ("deals:write",),
        "POST",
        "/timeline/entries/x/bindings",
        {"element": "deal:x"},
    ),
    "an entry unbound from a contact": Door(
        "timeline", "timeline:write", ("clients:write",), "DELETE", "/timeline/entries/x/bindings/contact:x"
    ),
}


async def answer(system: System, door: Door, rights: tuple[str, ...]) -> Any:
    """Go through the door with these rights and no others."""
    api, path = system.apis[door.service], door.path
    if door.first is not None:
        user = system.signer.token(roles=["user"])
        made = await api.call("POST", door.first[0], door.first[1], token=user)
        assert made.status_code == 201, made.text
        path = path.replace("{id}", made.json()["id"])
    token = system.signer.token(sub="robot", kind="service", roles=None, scope=" ".join(rights))
    return await api.call(door.method, path, door.body, token=token)


@pytest.mark.parametrize("name", DOORS)
async def test_every_permission_of_a_process_is_needed_and_the_missing_ones_are_named(
    system: System, name: str
) -> None:
    door = DOORS[name]
    for count in range(1, len(door.others) + 1):
        for missing in combinations(door.others, count):
            rights = tuple(right for right in ALL if right not in missing)
            refused = await answer(system, door, rights)
            assert (refused.status_code, refused.json()["code"]) == (403, "forbidden"), refused.text
            assert sorted(refused.json()["permissions"]) == sorted(missing)
    allowed = await answer(system, door, (door.own, "timeline:read", *door.others))
    assert allowed.status_code != 403, allowed.text


async def test_a_refused_process_changes_nothing(system: System) -> None:
    """LEAD-11: not even the lead."""
    api, user = system.apis["leads"], system.signer.token(roles=["user"])
    lead = (await api.call("POST", "/leads", {}, token=user)).json()
    token = system.signer.token(sub="robot", kind="service", roles=None, scope="leads:write leads:read")
    refused = await api.call("POST", f"/leads/{lead['id']}/conversion", {}, token=token)
    assert refused.status_code == 403
    assert (await api.call("GET", f"/leads/{lead['id']}", token=user)).json() == lead


async def test_a_repeat_lead_needs_no_right_to_clients(system: System) -> None:
    """LEAD-04: by default it converts into a deal alone."""
    api, user = system.apis["leads"], system.signer.token(roles=["user"])
    body = {"contacts": [{"contact_id": str(uuid4())}]}
    lead = (await api.call("POST", "/leads", body, token=user)).json()
    token = system.signer.token(sub="robot", kind="service", roles=None, scope="leads:write deals:write")
    answered = await api.call("POST", f"/leads/{lead['id']}/conversion", {}, token=token)
    assert (answered.status_code, answered.json()["targets"]) == (202, ["deal"])
