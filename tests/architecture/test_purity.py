"""`domain` is pure, what elements share is pure, and time and ids come in as arguments."""

import re
import sys
from collections.abc import Iterable

import pytest

from tests.architecture.conftest import Plant
from tests.architecture.sources import Module, read, report, rooms, within

PURE = (
    *sys.stdlib_module_names,
    *("pydantic", "anyascii", "email_validator", "iso4217", "phonenumbers", "stdnum"),
    *("crm_contracts", "shared.kit.domain", "shared.kit.leases.leased", "shared.kit.timers.timer"),
)
# Standard, yet not pure: they reach the machine or the network, or wait.
IMPURE = (
    "asyncio",
    "http",
    "logging",
    "os",
    "pathlib",
    "random",
    "secrets",
    "socket",
    "subprocess",
    "threading",
    "urllib.request",
)
CLOCKS_AND_IDS = re.compile(
    r"(.*\.)?(now|utcnow|today|utc_now)|time\.(time|time_ns|monotonic|localtime|gmtime)|monotonic"
    r"|(.*\.)?uuid[1467]|(random|secrets)\..*|os\.urandom"
)


def is_pure(name: str, service: str) -> bool:
    """Whether a domain may import it: a pure library, or a domain of its own service or of what elements share."""
    if within(name, *IMPURE):
        return False
    domains = rf"(({re.escape(service)}\.\w+|shared\.elements)\.domain|{re.escape(service)}\.text)(\.|$)"
    return within(name, *PURE) or bool(re.match(domains, name))


def impure_domains(modules: Iterable[Module]) -> list[str]:
    return [
        module.at(node, f"imports {name}")
        for module in rooms(modules, "domain")
        for node, name in module.imports()
        if not is_pure(name, module.service)
    ]


def clocks_and_ids(modules: Iterable[Module]) -> list[str]:
    return [
        module.at(call, f"calls {name}()")
        for module in modules
        if module.room in {"domain", "usecases"}
        for call, name in module.calls()
        if CLOCKS_AND_IDS.fullmatch(name)
    ] + [
        module.at(node, f"imports {name}, which makes ids or tells the time; take `new_id` or `clock` as an argument")
        for module in rooms(modules, "domain", "usecases")
        for node, name in module.imports()
        if within(name, "uuid_utils", "shared.kit.service")
        or re.fullmatch(r"uuid\.uuid[1467]|time\.time|time\.monotonic", name)
    ]


def test_domain_imports_only_what_is_pure() -> None:
    report(
        impure_domains(read()),
        "domain imports only what is pure, crm_contracts, shared.kit.domain, leases, timers, other domains:",
    )


def test_no_rule_asks_for_the_time_or_makes_an_id() -> None:
    report(clocks_and_ids(read()), "time and ids come in as arguments (`clock`, `new_id`, `cause.at`):")


@pytest.mark.parametrize(
    "line",
    [
        "from fastapi import HTTPException",
        "from shared.kit.storage.repository import Repository",
        "from shared.kit import storage",
        "from shared.kit.timers.waker import Waker",
        "import asyncio",
        "from services.leads.lead.usecases import convert_lead",
        "from services.deals.deal.domain.deal import Deal",
        "from shared.elements.store.products import Products",
        "import structlog",
    ],
)
def test_a_planted_import_in_a_domain_is_found(plant: Plant, line: str) -> None:
    assert impure_domains(plant("services/leads/lead/domain/lead.py", line))


@pytest.mark.parametrize(
    "line",
    [
        "from datetime import datetime",
        "from pydantic import BaseModel",
        "from crm_contracts.leads import LeadCreated",
        "from shared.kit.domain import Aggregate",
        "from shared.kit.timers.timer import HasTimers",
        "from shared.elements.domain.client_field import set_company",
        "from services.leads.lead.domain.errors import LeadAlreadyConverted",
    ],
)
def test_a_pure_import_in_a_domain_is_no_violation(plant: Plant, line: str) -> None:
    assert impure_domains(plant("services/leads/lead/domain/lead.py", line)) == []


def test_a_planted_driver_in_what_elements_share_is_found(plant: Plant) -> None:
    line = "from shared.kit.storage.collection import Collection"
    assert impure_domains(plant("shared/elements/domain/rows.py", line))


@pytest.mark.parametrize(
    "source",
    [
        "from datetime import UTC, datetime\nnow = datetime.now(UTC)",
        "import datetime\nnow = datetime.datetime.utcnow()",
        "from datetime import date\nday = date.today()",
        "import time\nnow = time.time()",
        "from time import time",
        "import uuid\nid_ = uuid.uuid4()",
        "from uuid_utils import uuid7",
        "from shared.kit.service import new_id",
    ],
)
@pytest.mark.parametrize("room", ["domain", "usecases"])
def test_a_planted_clock_or_id_is_found(plant: Plant, room: str, source: str) -> None:
    assert clocks_and_ids(plant(f"services/leads/lead/{room}.py", source))


def test_a_clock_that_came_in_as_an_argument_is_no_violation(plant: Plant) -> None:
    source = "def late(clock, new_id, derived_id):\n    return clock(), new_id(), derived_id('a')"
    assert clocks_and_ids(plant("services/leads/lead/usecases.py", source)) == []
