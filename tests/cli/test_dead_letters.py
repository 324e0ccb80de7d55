"""Dead letters as an operator sees them: all services' together, under ids short enough to type."""

import json
from io import StringIO
from typing import Any

import httpx
import pytest
from crm_contracts.registry import sample_of
from rich.console import Console
from typer.testing import CliRunner

from deploy.cli import dead_letters, views
from deploy.cli.app import app
from deploy.cli.client import Crm
from deploy.cli.dead_letters import Criteria, NotAnId, grouped, locate
from deploy.cli.unreadable import unreadable
from tests.cli.fakes import URLS, served

RUN = CliRunner()


class Parked(httpx.AsyncBaseTransport):
    """What each service has parked, by its id; what it is asked is kept in `asked`."""

    def __init__(self, *ids: str, fails: tuple[str, ...] = ()) -> None:
        self.letters = {id_: a_letter(id_, minute) for minute, id_ in enumerate(ids)}
        self.fails, self.asked = fails, list[str]()

    def crm(self) -> Crm:
        return Crm(URLS, "token", transport=self)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        service, (_, _, _, *place) = request.url.host, request.url.path.split("/")
        if request.method == "GET" and not place:
            self.asked.append(f"{service}?{request.url.query.decode()}")
            found = [letter for id_, letter in self.letters.items() if f".{service}.dlt@" in id_]
            return httpx.Response(200, json={"items": found[::-1], "next_cursor": None})
        if place[0] not in self.letters or f".{service}.dlt@" not in place[0]:
            return httpx.Response(404, json={"code": "not_found"})
        self.asked.append("/".join(place))
        return httpx.Response(200, json=self._after(self.letters[place[0]], place[-1], request.content))

    def _after(self, letter: dict[str, Any], action: str, body: bytes) -> dict[str, Any]:
        if action == "discard":
            return {**letter, "state": "discarded", "because": json.loads(body)["reason"]}
        failed = letter["id"] in self.fails
        last = {"outcome": "failed" if failed else "done", "reason": "no_such_shelf" if failed else None}
        return {**letter, "state": "open" if failed else "replayed", "history": [last]}


def a_letter(id_: str, minute: int) -> dict[str, Any]:
    return {
        "id": id_,
        "state": "open",
        "type": "crm.lead.created.v1",
        "reason": "no_such_shelf",
        "attempts": 1,
        "parked_at": f"2026-03-02T12:{minute:02}:00Z",
    }


LEADS, DEALS = "crm.leads.events.clients.dlt@12", "crm.leads.events.deals.dlt@3"


def test_an_id_is_taken_in_its_short_and_in_its_long_form() -> None:
    assert locate("clients:leads@12") == locate(LEADS) == ("clients", LEADS)


@pytest.mark.parametrize("name", ["", "12", "leads@12", "clients:leads", "nobody:leads@1", "clients:leads@-1"])
def test_what_is_no_id_is_refused(name: str) -> None:
    with pytest.raises(NotAnId, match="clients:leads@12-19ac5b2f3e1"):
        locate(name)


async def test_all_services_are_listed_newest_first_and_replayed_oldest_first() -> None:
    parked = Parked("crm.deals.events.leads.dlt@0", LEADS, "crm.deals.events.clients.dlt@1")
    async with parked.crm() as crm:
        found = await dead_letters.list_all(crm, Criteria(reason="no_such_shelf", topic="leads"), limit=2)
        oldest_first = await dead_letters.ids_to_replay(crm, Criteria())
    assert [(letter["service"], letter["id"]) for letter in found] == [
        ("clients", "crm.deals.events.clients.dlt@1"),
        ("clients", LEADS),
    ]
    assert oldest_first == ["crm.deals.events.leads.dlt@0", LEADS, "crm.deals.events.clients.dlt@1"]
    assert len(parked.asked) == 10
    assert "leads?limit=200&state=open&reason=no_such_shelf&topic=crm.leads.events" in parked.asked


async def test_one_service_alone_is_asked() -> None:
    parked = Parked(LEADS)
    async with parked.crm() as crm:
        assert await dead_letters.list_all(crm, Criteria(service="deals", state=None)) == []
    assert parked.asked == ["deals?limit=200"]


async def test_each_replay_reports_its_outcome_and_one_that_fails_stops_no_other() -> None:
    parked, done = Parked(LEADS, DEALS, fails=(LEADS,)), list[None]()
    async with parked.crm() as crm:
        ended = await dead_letters.replay(
            crm, ["clients:leads@12", "clients:leads@13", "deals:leads@3"], lambda _=1: done.append(None)
        )
    assert ended == {
        "clients:leads@12": "failed: no_such_shelf",
        "clients:leads@13": "not_found",
        "deals:leads@3": "done",
    }
    assert len(done) == 3
    assert dead_letters.summary(ended) == "1 done, 1 failed: no_such_shelf, 1 not_found"


async def test_discarding_reports_the_state_of_each() -> None:
    parked = Parked(LEADS)
    async with parked.crm() as crm:
        ended = await dead_letters.discard(crm, ["clients:leads@12", "deals:leads@3"], "a test")
    assert ended == {"clients:leads@12": "discarded", "deals:leads@3": "not_found"}


@pytest.mark.parametrize(
    ("seconds", "told"), [(-1, "0 s"), (59, "59 s"), (60, "1 min"), (7_300, "2 h"), (200_000, "2 d")]
)
def test_an_age_is_shown_in_its_largest_unit(seconds: float, told: str) -> None:
    assert views.age(seconds) == told


def test_what_a_stranger_wrote_does_not_steer_the_terminal() -> None:
    console = Console(width=200, force_terminal=False, record=True)
    content = {"encoding": "utf-8", "text": "\x1b[2J[red]\u202eevil[/]"}
    action = {"action": "parked", "by": "service:clients", "at": "2026-03-02T12:00:00Z", "outcome": "failed"}
    views.dead_letter(
        console,
        {
            **a_letter(LEADS, 0),
            "topic": "crm.leads.events",
            "original": None,
            "key": "\x1b]0;evil\x07",
            "event_id": None,
            "correlation_id": None,
            "message": "[bold]",
            "history": [{**action, "reason": "MalformedEvent"}],
            "record": {"key": content, "value": content, "headers": [{"name": "\x1b", "value": None}]},
        },
    )
    shown = console.export_text()
    assert "\\x1b[2J[red]\\u202eevil[/]" in shown
    assert "\\x1b: (null)" in shown
    assert "consumed at" in shown
    assert "dead-lettered" in shown
    assert "heard" not in shown
    assert "parked" not in shown
    assert not any(control in shown for control in "\x1b\x07\u202e")


def test_json_is_shown_with_its_structure_and_much_of_it_is_cut() -> None:
    console = Console(width=200, record=True)
    shown = {
        **a_letter(LEADS, 0),
        "topic": "crm.leads.events",
        "original": {"topic": "crm.leads.events", "partition": 3, "offset": 77},
        **dict.fromkeys(("key", "event_id", "correlation_id", "message"), ""),
        "history": [],
    }
    value = {"encoding": "utf-8", "text": json.dumps({"title": "x", "more": "y" * 5_000})}
    views.dead_letter(console, {**shown, "record": {"key": None, "value": value, "headers": []}})
    views.dead_letter(console, {**shown, "record": None})
    told = console.export_text()
    assert "crm.leads.events/3@77" in told
    assert '  "title": "x",' in told
    assert "--json shows all" in told
    assert "The log does not hold the record any more." in told


def test_dead_letters_are_listed_by_service_type_and_reason_with_totals_in_eighty_columns() -> None:
    many = [{"service": "clients", **a_letter(f"crm.leads.events.clients.dlt@{place}", place)} for place in range(30)]
    other = {**a_letter(DEALS, 0), "reason": "MalformedEvent", "type": None}
    groups = grouped([*many, {"service": "deals", **other}])
    assert [(group.service, group.reason, len(group.letters)) for group in groups] == [
        ("clients", "no_such_shelf", 30),
        ("deals", "MalformedEvent", 1),
    ]
    console = Console(width=80, record=True, file=StringIO())
    views.dead_letters(console, groups, 2)
    told = console.export_text().splitlines()
    assert told[0].startswith("clients  crm.lead.created.v1  no_such_shelf  30, oldest ")
    assert told[1].startswith("  crm.leads.events.clients.dlt@0  ")
    assert told[3] == "  and 28 more"
    assert told[-1] == "31 dead letters."
    assert max(map(len, told)) <= 80


def record_of(ce_type: str, value: str) -> dict[str, Any]:
    sample = json.loads(sample_of(ce_type))
    headers = [{"name": name, "value": {"encoding": "utf-8", "text": text}} for name, text in sample["headers"].items()]
    content = value or json.dumps(sample["data"])
    return {"headers": headers, "key": None, "value": {"encoding": "utf-8", "text": content}}


def test_a_record_that_cannot_be_read_is_shown_with_every_place_that_is_wrong() -> None:
    assert unreadable(record_of("crm.product.created.v1", "")) == []
    assert unreadable(record_of("crm.product.created.v1", '{"product": "x"}'))[0].startswith(
        "product: Input should be "
    )
    assert 'and it is "x"' in unreadable(record_of("crm.product.created.v1", '{"product": "x"}'))[0]
    assert unreadable(record_of("crm.product.created.v1", "{}")) == ["product: Field required"]
    assert unreadable(record_of("crm.product.created.v1", "{not json"))[0].startswith("the whole value: Invalid JSON")
    assert unreadable({"headers": [], "value": None}) == ["missing header ce_type"]
    assert unreadable(None) == []


def test_all_that_fit_are_discarded_after_a_yes() -> None:
    command = ["dead-letters", "discard", "--all", "--because", "a test"]
    parked = Parked(LEADS, DEALS)
    with served(parked) as environment:
        refused = RUN.invoke(app, [*command, "--reason", "no_such_shelf"], input="n\n", env=environment)
        assert refused.exit_code == 1
        assert "no_such_shelf  1, oldest" in refused.stderr
        assert not [asked for asked in parked.asked if asked.endswith("discard")]
        done = RUN.invoke(app, [*command, "--reason", "no_such_shelf"], input="y\n", env=environment)
        assert done.exit_code == 0
        assert done.stdout.endswith("2 discarded\n")
    assert {asked for asked in parked.asked if asked.endswith("discard")} == {f"{LEADS}/discard", f"{DEALS}/discard"}
    assert "clients?limit=200&state=open&reason=no_such_shelf" in parked.asked
    with served(Parked(LEADS, DEALS)) as environment:
        alone = RUN.invoke(app, [*command, "--service", "deals", "--yes"], env=environment)
    assert (alone.exit_code, alone.stdout) == (0, "1 discarded\n")


def test_the_id_of_a_dead_letter_is_the_same_wherever_it_is_shown_and_taken() -> None:
    """As it is over HTTP: what one command prints, the next one takes."""
    with served(Parked(LEADS)) as environment:
        listed = RUN.invoke(app, ["dead-letters", "list"], env=environment)
        as_json = RUN.invoke(app, ["dead-letters", "list", "--json"], env=environment)
        copied = listed.stdout.splitlines()[1].split()[0]
        discarded = RUN.invoke(app, ["dead-letters", "discard", copied, "--because", "a test"], env=environment)
        lost = RUN.invoke(app, ["dead-letters", "discard", f"{copied}1", "--because", "a test"], env=environment)
    assert (copied, [one["id"] for one in json.loads(as_json.stdout)]) == (LEADS, [LEADS])
    assert (discarded.exit_code, discarded.stdout) == (0, "1 discarded\n")
    assert f"{LEADS}1: not_found" in lost.stderr


@pytest.mark.parametrize(
    "command",
    [
        ["replay"],
        ["replay", "clients:leads@12", "--all"],
        ["replay", "--all", "--service", "nobody"],
        ["discard", "clients:leads@12"],
        ["discard", "--because", "a test"],
        ["discard", "--all"],
        ["discard", "clients:leads@12", "--all", "--because", "a test"],
        ["list", "--limit", "0"],
    ],
)
def test_a_command_that_is_not_complete_is_not_begun(command: list[str]) -> None:
    assert RUN.invoke(app, ["dead-letters", *command]).exit_code == 2
