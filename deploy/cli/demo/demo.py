"""Demonstrate the two flows of the system on a fresh stack, from import to trace: `crm demo`.

Everything it prints it has read over HTTP and checked: exit code 0 means that all of it is as expected.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import Any, Final

from rich.console import Console
from rich.markup import escape

from deploy.cli import views
from deploy.cli.answers import Problem
from deploy.cli.client import Crm, address
from deploy.cli.connection import Connection
from deploy.cli.conversions import ConversionRequest, convert, convert_stage
from deploy.cli.demo.checks import DEADLINE_S, Checks, Json
from deploy.cli.demo.dataset import SAMPLES, DataSet
from deploy.cli.demo.expected_figures import differences, expected, measured
from deploy.cli.imports import Import, read_mapping
from deploy.cli.imports.files import read_table
from deploy.local import state
from deploy.local.stack import LocalStack

PERSON: Final = {
    "title": "Ultrasound for the new ward",
    "first_name": "Ada",
    "last_name": "Brandt",
    "company_title": "Brandt Praxis",
    "phones": [{"kind": "MOBILE", "value": "0151 23456789"}],
    "emails": [{"value": "ada.brandt@example.com"}],
    "amount": {"value": "18500", "currency": "EUR"},
}
COLLEAGUES: Final = (("Bela", "Castorp"), ("Clawdia", "Ziemssen"), ("Joachim", "Peeper"))
EXPECTED_EVENTS: Final = {"crm.deal.created.v1", "crm.deal.client_changed.v1", "crm.deal.contacts_attached.v1"}


def demo(console: Console) -> None:
    """Start a stack, show everything, stop the stack.

    Raises:
        DemoFailed: a result was not as expected.
    """
    started = monotonic()
    directory, held = state.lock_first_free(state.local_directory(), "demo")
    with held:
        with LocalStack(directory / "stack", say=lambda line: console.print(escape(line), highlight=False)) as stack:
            connection = Connection.to(stack)
            ready = monotonic()
            asyncio.run(_with(connection, console))
            shown = monotonic()
        console.print(
            f"[bold green]All of it is as expected[/]: stack ready after {ready - started:.1f} s, "
            f"shown in {shown - ready:.1f} s, {monotonic() - started:.1f} s in all; {connection.servers}.",
            soft_wrap=True,
        )


async def _with(connection: Connection, console: Console) -> None:
    async with connection.crm() as crm:
        await Demo(crm, Checks(console)).show()


@dataclass
class Demo:
    """One demonstration, on an empty CRM."""

    crm: Crm
    checks: Checks

    async def show(self) -> None:
        """Run all steps.

        Raises:
            DemoFailed: a result was not as expected.
        """
        await self._import_and_convert()
        result = await self._convert_a_person()
        deal, attached = await self._link_a_company(result["deal"]["id"])
        await self._read_back(deal, attached, result["correlation_id"])

    async def _import_and_convert(self) -> None:
        self.checks.step("Import of the sample companies, products and leads")
        data = DataSet.of(SAMPLES)
        for kind, file in data.files.items():
            mapping, table = read_mapping(SAMPLES / f"{kind.value}.toml"), read_table(file)
            counts = await Import(self.crm, kind, mapping, self.checks.console).run(table)
            views.counts(self.checks.console, file.name, counts)
            self.checks.expect(
                counts.created == len(table.rows), f"all rows of {file.name} are created", counts.rejects
            )
        self.checks.step("Conversion of all won leads, their deals moved to WON")
        results = await convert_stage(
            self.crm, "PROCESSED", ConversionRequest(deal_stage="WON"), console=self.checks.console
        )
        self.checks.expect(not results.failed, f"{results.counts['converted']} leads converted", results.failed)
        found = await measured(self.crm, data.originator, data.products)
        wrong = differences(expected(data.expected), found)
        self.checks.expect(
            not wrong, f"{found['won in all']} USD won, per product, company and agent as foreseen", wrong
        )

    async def _convert_a_person(self) -> Json:
        self.checks.step("Conversion of a person into contact, company and deal")
        lead = (await self.crm.post("leads", address("leads"), PERSON)).body["id"]
        outcome, result = await convert(self.crm, lead, ConversionRequest(targets=("contact", "company", "deal")))
        views.conversion(self.checks.console, outcome, result)
        made = [result[name] for name in ("contact", "company", "deal")]
        self.checks.expect(all(made), "contact, company and deal are there", result)
        self.checks.step("Conversion of a second lead with the same phone")
        second = (await self.crm.post("leads", address("leads"), {**PERSON, "title": "The same, once more"})).body["id"]
        outcome, again = await convert(self.crm, second, ConversionRequest(on_duplicate="link"))
        views.conversion(self.checks.console, outcome, again)
        self.checks.expect(again["contact"]["id"] == result["contact"]["id"], "the same contact is linked", again)
        return result

    async def _link_a_company(self, deal: str) -> tuple[str, list[str]]:
        self.checks.step("A company with several contacts is linked to the deal")
        company = (await self.crm.post("clients", address("companies"), {"title": "Berghof Clinics"})).body["id"]
        people = []
        for first, last in COLLEAGUES:
            body = {"first_name": first, "last_name": last}
            people.append((await self.crm.post("clients", address("contacts"), body)).body["id"])
            await self.crm.put("clients", address("contacts", people[-1], "companies", company), {})
        path = address("deals", deal, "client")
        linked = await self.crm.put("deals", path, {"company_id": company}, wait_s=DEADLINE_S)
        self.checks.expect(linked.status == 200, "the link was confirmed while we waited", linked)  # noqa: PLR2004
        return deal, people

    async def _read_back(self, deal: str, attached: Sequence[str], correlation_id: str) -> None:
        self.checks.step("Read back over HTTP")
        found = await self.crm.get("deals", address("deals", deal))
        views.deal(self.checks.console, found)
        contacts = found["client"]["contacts"]
        brought = [link["contact_id"] for link in contacts if link["auto_linked_from"]]
        self.checks.expect(brought == list(attached), "the company's contacts are attached, in their order", contacts)
        self.checks.expect(len(contacts) == len(attached) + 1, "the contact of the conversion stayed", contacts)
        self.checks.expect(contacts[0]["is_primary"], "and is still the primary one", contacts)

        page = await self.checks.until(
            "the deal's timeline tells of all of it",
            lambda: self._timeline(f"deal:{deal}"),
            lambda page: {entry["type"] for entry in page["items"]} >= EXPECTED_EVENTS,
        )
        views.timeline(self.checks.console, f"deal:{deal}", page["items"])
        for contact in attached:
            await self.checks.until(
                "the attached contact's timeline tells of it too",
                partial(self._timeline, f"contact:{contact}"),
                lambda page: any(entry["type"] == "crm.deal.contacts_attached.v1" for entry in page["items"]),
            )
        tree = await self.checks.until(
            "the trace shows the conversion from its request to its end",
            lambda: self._trace(correlation_id),
            lambda tree: "crm.lead.converted.v1" in set(_types(tree["steps"])),
        )
        views.trace(self.checks.console, tree)

    async def _timeline(self, element: str) -> Json:
        found: Json = await self.crm.get("timeline", address("timeline"), element=element)
        return found

    async def _trace(self, correlation_id: str) -> Json:
        try:
            found: Json = await self.crm.get("timeline", address("timeline", "traces", correlation_id))
        except Problem as problem:
            if problem.status != 404:  # noqa: PLR2004 - timeline has not received it yet
                raise
            return {"steps": []}
        return found


def _types(steps: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for step in steps:
        yield step["type"]
        yield from _types(step["children"])
