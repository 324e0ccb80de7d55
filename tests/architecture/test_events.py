"""An event is complete with class, schema, sample and narration; documents list it; a reaction is named after it."""

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from crm_contracts import registry, topics
from crm_contracts.conversions import LeadConverted
from crm_contracts.deals import DealCreated
from crm_contracts.envelope import Event
from crm_contracts.events import ElementEvent
from crm_contracts.leads import LeadCreated
from generation.files import PACKAGE

from deploy.topics import read_subscriptions
from services.timeline.entry.domain.narration.narrator import narrate
from shared.kit.messaging.reactions import Reaction, Reactions, on
from shared.kit.service.service import Contracts, Service
from shared.kit.settings import ServiceSettings
from tests.architecture.built import built, reactions_of
from tests.architecture.docs import (
    ERRORS,
    PAGE,
    consumed_by_service,
    consumes_line,
    page,
    publishes_line,
    readme,
)
from tests.architecture.sources import ROOT, SERVICES, report
from tests.timeline.events import sampled

EVENTS = tuple(registry.EVENTS.values())


def snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def misnamed_reactions(reactions: Reactions) -> list[str]:
    """A function is named after its event or the base class of its events; one for any others is `on_event`.

    Only `on_event` may be given another name as a reaction, where several of them react to one event.
    """
    served = Counter(reaction.handle for reaction in reactions)
    problems = []
    for reaction in reactions:
        function = reaction.handle.__name__
        bases = {f"on_{snake(base.__name__)}" for base in reaction.event.__mro__ if base not in {Event, ElementEvent}}
        wanted = bases | ({"on_event"} if served[reaction.handle] > 1 else set())
        if function not in wanted or reaction.name not in ({function} if function != "on_event" else {reaction.name}):
            problems.append(
                f"{reaction.event.__name__}: {function} ({reaction.name}) should be on_{snake(reaction.event.__name__)}"
            )
    return problems


def files_missing(events: Iterable[type[Event]], package: Path) -> list[str]:
    return [
        f"{event.__name__} has no {room}/{event.ce_type}.json"
        for event in events
        for room in ("schemas", "samples")
        if not (package / room / f"{event.ce_type}.json").is_file()
    ]


def test_every_event_has_a_schema_and_a_sample() -> None:
    report(files_missing(EVENTS, PACKAGE), "run `make contracts`:")


def test_every_event_has_a_narration() -> None:
    missing = [event.__name__ for event in EVENTS if not narrate(sampled(event))]
    report(missing, "every event has a line in the timeline; not yet:")


def test_the_page_of_events_is_as_generated() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(consumed_by_service()), "run `make docs`"


def test_the_page_of_errors_is_as_generated() -> None:
    """In a process of its own: tests have errors as well."""
    command = "from tests.architecture.docs import errors_page; print(errors_page(), end='')"
    made = subprocess.run([sys.executable, "-c", command], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert ERRORS.read_text(encoding="utf-8") == made, "run `make docs`"


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_lists_what_it_publishes_and_consumes(service: str) -> None:
    text = (ROOT / "services" / service / "README.md").read_text(encoding="utf-8")
    assert text == readme(text, service, built(service).consumed_events), "run `make docs`"


@pytest.mark.parametrize("service", SERVICES)
def test_the_topics_that_a_service_consumes_are_known_to_the_operator(service: str) -> None:
    """`crm verify` looks there whether a service has read all."""
    consumed = {topic for event in built(service).consumed_events for topic in registry.TOPICS[event]}
    assert consumed == read_subscriptions().get(service, frozenset()), "correct `subscriptions` in deploy/topics.yaml"


@pytest.mark.parametrize("service", SERVICES)
def test_reactions_are_named_after_the_event(service: str) -> None:
    report(misnamed_reactions(reactions_of(built(service))), f"reactions of {service}:")


async def on_lead_created(*_: Any) -> None: ...


async def on_created(*_: Any) -> None: ...


async def on_event(*_: Any) -> None: ...


def test_a_misnamed_reaction_is_found() -> None:
    assert misnamed_reactions([on(LeadCreated, on_lead_created)]) == []
    assert misnamed_reactions([on(LeadConverted, on_lead_created)])
    assert misnamed_reactions([on(LeadCreated, on_event)])
    assert misnamed_reactions([on(LeadCreated, on_lead_created, name="other")])


def test_a_reaction_to_all_events_of_a_base_class_is_named_after_it() -> None:
    assert misnamed_reactions([on(LeadCreated, on_created), on(DealCreated, on_created)]) == []
    assert misnamed_reactions([on(LeadConverted, on_created)])


def test_two_reactions_to_several_events_may_be_told_apart_by_a_name() -> None:
    reactions = [on(LeadCreated, on_event, name="view"), on(DealCreated, on_event, name="view")]
    assert misnamed_reactions(reactions) == []


def test_one_reaction_to_several_events_is_called_on_event() -> None:
    assert misnamed_reactions([on(LeadCreated, on_event), on(DealCreated, on_event)]) == []
    assert misnamed_reactions([on(LeadCreated, on_lead_created), on(DealCreated, on_lead_created)])


def test_an_event_without_files_is_found(tmp_path: Path) -> None:
    assert len(files_missing([LeadCreated], tmp_path)) == 2


async def test_a_service_knows_what_it_consumes() -> None:
    contracts = Contracts(registry.parse, topics.dead_letters, registry.EVENTS)
    service = Service("reports", "crm.reports.events", contracts, ServiceSettings())
    assert service.consumed_events == frozenset()
    assert reactions_of(service) == []
    reactions: list[Reaction] = [on(LeadCreated, on_event), on(DealCreated, on_event)]
    service.subscribe((topics.LEADS, topics.DEALS), reactions)
    assert service.consumed_events == {LeadCreated, DealCreated}
    assert reactions_of(service) == reactions


def test_the_page_lists_each_event_with_its_consumers() -> None:
    text = page({"deals": {LeadCreated}, "timeline": set(EVENTS)})
    assert "## leads: `crm.leads.events`" in text
    assert "| `LeadCreated` | A lead came in. | `crm.lead.created.v1` | deals, timeline |" in text
    assert all(f"`{event.__name__}`" in text for event in EVENTS)


def test_a_readme_says_what_a_service_consumes_by_whom_publishes_it() -> None:
    consumed: set[type[Event]] = {LeadCreated, DealCreated, LeadConverted}
    assert (
        consumes_line("deals", consumed)
        == "- **consumes** leads (`LeadCreated` `LeadConverted`), itself (`DealCreated`)"
    )
    assert consumes_line("deals", set()) == "- **consumes** nothing"
    assert consumes_line("timeline", set(EVENTS)) == "- **consumes** every event of every service, its own included"


def test_a_readme_is_brought_up_to_date_and_must_have_both_lines() -> None:
    lines = [publishes_line("timeline"), consumes_line("timeline", {LeadCreated})]
    text = "# timeline\n\n- **owns** x\n- **publishes** old\n- **consumes** old\n\nMore.\n"
    assert readme(text, "timeline", {LeadCreated}) == "\n".join(["# timeline\n\n- **owns** x", *lines, "\nMore.\n"])
    with pytest.raises(ValueError, match="consumes"):
        readme("- **publishes** old\n", "timeline", set())
