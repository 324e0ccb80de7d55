"""`crm verify` finds a system as it must be, and names what is broken on purpose.

This system is nobody else's, because other tests put into dead-letter topics what never was an event, and
a verification tells. Each promise is broken past the services, in their databases, and repaired for the next test.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from deploy.local.services import ROOT
from deploy.local.stack import LocalStack
from deploy.verify.findings import Report
from deploy.verify.log import open_log
from deploy.verify.run import PROMISES, verify
from deploy.verify.target import Opened, Target, open_system
from services.timeline.access.store import ACCESSED
from services.timeline.entry.store.versions import live_collections
from shared.kit.storage.collection import Collection
from shared.kit.storage.documents import Document
from tests.system.conftest import QUICK, administered, all_services
from tests.system.crm import Crm, Json, a_phone, until
from tests.system.test_recurring import a_template, made, nothing_has_run_for

pytestmark = pytest.mark.real_kafka


@dataclass(frozen=True)
class Sale:
    """A lead, and what it became."""

    lead: str
    contact: str
    company: str
    deal: str


@pytest.fixture(scope="module")
def stack(test_directory: Path) -> Iterator[LocalStack]:
    """Kafka and MongoDB that nobody has ever used."""
    with LocalStack(test_directory / "verify", services=(), say=lambda _: None) as stack:
        yield stack


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def crm(stack: LocalStack) -> AsyncIterator[Crm]:
    with all_services(stack):
        async with administered(stack) as crm:
            yield crm


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def system(crm: Crm) -> AsyncIterator[Opened]:
    async with open_system(target(crm.stack)) as system:
        yield system


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def sale(crm: Crm) -> Sale:
    """A conversion, a company with people linked to its deal, and an entry bound by hand."""
    lead = await crm.new_lead(last_name="Verified", company_title="Verified Ltd", phones=[{"value": a_phone()}])
    done = (await crm.convert(lead, targets=["contact", "company", "deal"])).json()
    deal = done["deal"]["id"]
    company, _ = await crm.new_company("Brings GmbH", "One", "Two")
    answer = await crm.call("PUT", "deals", f"/deals/{deal}/client", {"company_id": company}, Prefer="wait=60")
    assert answer.json()["client"]["link_state"] == "done"
    (entry,) = await until(lambda: _attachments(crm, deal), len)
    bound = await crm.call(
        "POST", "timeline", f"/timeline/entries/{entry['event_id']}/bindings", {"element": f"lead:{lead}"}
    )
    assert bound.status_code in {200, 201}, bound.text
    return Sale(lead, done["contact"]["id"], done["company"]["id"], deal)


async def _attachments(crm: Crm, deal: str) -> list[Json]:
    """Entries of contacts that came to the deal with its company."""
    entries = await crm.timeline(f"deal:{deal}")
    return [entry for entry in entries if entry["type"] == "crm.deal.contacts_attached.v1"]


Change = Callable[[Document], Document | None]


@asynccontextmanager
async def changed(collection: Collection, id_: str, change: Change) -> AsyncIterator[None]:
    """The document as the change makes it (None: gone), and afterwards as it was."""
    original = await collection.get(id_)
    assert original is not None
    await _replace(collection, id_, change(original))
    try:
        yield
    finally:
        await _replace(collection, id_, original)


async def _replace(collection: Collection, id_: str, document: Document | None) -> None:
    await collection.delete({"_id": id_})
    if document is not None:
        await collection.insert(document)


def target(stack: LocalStack) -> Target:
    return Target.to(stack.mongo.url, stack.kafka.environment)


async def verified(stack: LocalStack, *, patience_s: float = 60) -> Report:
    # Nothing runs meanwhile that a longer pause would wait for.
    return await verify(target(stack), patience_s=patience_s, pause_s=0.1)


async def broken(crm: Crm) -> list[tuple[str, str, str]]:
    """Invariant, subject and detail of what is found."""
    report = await verified(crm.stack)
    return [(finding.invariant, finding.subject, finding.detail) for finding in report.broken]


async def test_a_system_in_which_nothing_ever_happened_keeps_every_promise(stack: LocalStack) -> None:
    """Not even a service has run."""
    report = await verified(stack)
    assert report.broken == []
    assert report.checked == dict.fromkeys(PROMISES, 0)


async def test_after_conversions_and_links_every_promise_is_kept(crm: Crm, sale: Sale) -> None:
    """LEAD-11, CLI-07, TL-05, DEAL-15, DEAL-03: also of a template that made a deal, and of a change of many deals."""
    template = (await a_template(crm))["id"]
    await nothing_has_run_for(crm, template, 1)
    (deal,) = await until(lambda: made(crm, template), bool)
    body = {"ids": [deal["id"], sale.deal], "action": {"type": "observers", "add": ["ben"], "remove": []}}
    answer = await crm.call("POST", "deals", "/deals/bulk", body)
    assert answer.json()["counts"]["ok"] == 2, answer.text
    report = await verified(crm.stack)
    assert report.broken == []
    assert sale.lead
    assert [name for name in PROMISES if not report.checked[name]] == []


async def test_a_log_is_read_from_its_beginning_however_soon(crm: Crm, sale: Sale) -> None:
    """The consumer looks for a place of its own when it is assigned; that must be the beginning too."""
    async with open_log(target(crm.stack).kafka) as log:
        there = sum((await log.ends()).values())
    assert sale.lead
    assert there > 0
    for _ in range(20):
        async with open_log(target(crm.stack).kafka) as log:
            read = [record async for records in log.batches(await log.ends()) for record in records]
        assert len(read) >= there


async def test_a_deal_that_is_gone_is_missed_by_its_lead(crm: Crm, sale: Sale, system: Opened) -> None:
    """LEAD-11."""
    async with changed(system.collection("deals", "deals"), sale.deal, lambda _: None):
        found = await broken(crm)
    assert ("conversions", f"lead:{sale.lead}", f"was converted into deal {sale.deal}, but has none") in found


async def test_a_contact_that_is_gone_is_missed_by_its_lead(crm: Crm, sale: Sale, system: Opened) -> None:
    """LEAD-14."""
    async with changed(system.collection("clients", "contacts"), sale.contact, lambda _: None):
        found = await broken(crm)
    assert ("conversions", f"lead:{sale.lead}", f"names contact:{sale.contact}, which is not there") in found


async def test_a_field_that_no_event_changed_is_named(crm: Crm, sale: Sale, system: Opened) -> None:
    async with changed(system.collection("leads", "leads"), sale.lead, lambda lead: lead | {"comments": "forged"}):
        found = await broken(crm)
    assert found == [("state", f"lead:{sale.lead}", "differs from its events: comments")]


async def test_contacts_that_the_log_does_not_tell_of_are_named(crm: Crm, sale: Sale, system: Opened) -> None:
    """CLI-07."""

    def without_the_last(deal: Document) -> Document:
        client = deal["client"]
        return {**deal, "client": {**client, "contacts": client["contacts"][:-1]}}

    async with changed(system.collection("deals", "deals"), sale.deal, without_the_last):
        found = await broken(crm)
    assert ("links", f"deal:{sale.deal}", "has not the company and the contacts of it that it said") in found


async def test_a_missing_and_a_foreign_entry_are_named(crm: Crm, sale: Sale, system: Opened) -> None:
    """TL-01, TL-11."""
    entries, _ = await live_collections(system.databases["timeline"])
    (entry,) = await entries.find({"elements.ref": f"deal:{sale.deal}", "type": "crm.deal.client_changed.v1"}, limit=2)
    foreign = {**entry, "_id": "nothing"}
    async with changed(entries, entry["_id"], lambda _: None):
        await entries.insert(foreign)
        try:
            found = await broken(crm)
        finally:
            await entries.delete({"_id": foreign["_id"]})
    assert sorted(found) == sorted(
        ("timeline", element["ref"], detail)
        for element in entry["elements"]
        for detail in (
            "an entry of event nothing does not come from its event",
            f"there is no entry of event {entry['_id']}",
        )
    )


async def test_an_event_that_waits_and_one_that_is_missing_are_named(crm: Crm, sale: Sale, system: Opened) -> None:
    """The next event of the lead was left in its document; of its deal, one was lost."""
    long_ago = datetime.now(UTC) - timedelta(minutes=2)

    def left(lead: Document) -> Document:
        headers = {"ce_time": long_ago.isoformat(), "ce_type": "crm.unknown.v1"}
        sequence = lead["sequence"] + 1
        entry = {"id": "left", "headers": {**headers, "ce_sequence": str(sequence)}, "value": b"{}"}
        return {**lead, "outbox": [entry]}

    leads, deals = system.collection("leads", "leads"), system.collection("deals", "deals")
    async with (
        changed(leads, sale.lead, left),
        changed(deals, sale.deal, lambda deal: deal | {"sequence": deal["sequence"] + 1}),
    ):
        found = await broken(crm)
    since = f"an event waits to be published since {long_ago:%Y-%m-%d %H:%M:%S}"
    assert ("outbox", f"lead:{sale.lead}", since) in found
    assert [(name, subject) for name, subject, _ in found if name == "sequences"] == [
        ("sequences", f"deal:{sale.deal}"),
    ]


async def test_a_forged_name_is_named_and_a_service_that_knows_none_reads_all_of_them(
    crm: Crm, sale: Sale, system: Opened
) -> None:
    """CLI-01: as an installation does whose services passed the events of clients before they kept names."""
    names = system.collection("deals", "client_names")
    async with changed(names, f"contact:{sale.contact}", lambda name: name | {"title": "forged"}):
        found = await broken(crm)
    assert found == [("names", f"contact:{sale.contact}", "deals shows another name than its events tell")]

    deals = crm.services["deals"]
    await asyncio.to_thread(deals.terminate)
    assert await names.delete({}) > 0
    deals.restart(QUICK)
    await asyncio.to_thread(deals.wait_ready)

    await until(lambda: broken(crm), lambda found: found == [])


async def test_forged_rights_and_an_element_that_timeline_forgot_are_named(
    crm: Crm, sale: Sale, system: Opened
) -> None:
    """PERM-08: whoever may read an element by its events, and nobody else, is shown its timeline."""
    elements = system.collection("timeline", ACCESSED)
    async with (
        changed(elements, f"deal:{sale.deal}", lambda deal: {**deal, "responsible_id": "eve", "access": ["r:eve"]}),
        changed(elements, f"lead:{sale.lead}", lambda _: None),
    ):
        found = await broken(crm)
    assert sorted(found) == [
        ("access", f"deal:{sale.deal}", "timeline knows it other than its events tell: access, responsible_id"),
        ("access", f"lead:{sale.lead}", "timeline does not know who may read it"),
    ]


async def test_what_a_stopped_service_has_not_read_is_named(crm: Crm, sale: Sale) -> None:
    """It is not waited for beyond the patience; nor is what it has not written yet a secret."""
    timeline = crm.services["timeline"]
    await asyncio.to_thread(timeline.terminate)
    try:
        lead = await crm.new_lead(last_name="Unheard")
        report = await verified(crm.stack, patience_s=3)
    finally:
        timeline.restart(QUICK)
        await asyncio.to_thread(timeline.wait_ready)
    found = [(finding.invariant, finding.subject) for finding in report.broken]
    assert found == [("access", f"lead:{lead}"), ("reading", "timeline"), ("timeline", f"lead:{lead}")]
    assert (await verified(crm.stack)).broken == []
    assert sale.lead


async def test_the_command_tells_it_all_and_exits_accordingly(crm: Crm, sale: Sale, system: Opened) -> None:
    kept = await asyncio.to_thread(_command, crm)
    assert kept.returncode == 0, kept.stdout + kept.stderr
    assert "Every promise is kept." in kept.stdout
    async with changed(system.collection("deals", "deals"), sale.deal, lambda deal: deal | {"title": "forged"}):
        lost = await asyncio.to_thread(_command, crm)
    assert lost.returncode == 1
    assert f"deal:{sale.deal} differs from its events: title" in lost.stdout


def _command(crm: Crm) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "MONGODB_URL": crm.stack.mongo.url, **crm.stack.kafka.environment}
    command = [sys.executable, "-m", "deploy.cli.app", "verify", "--patience", "30"]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
