"""An event is done when it has class, schema, sample, narration and an entry under "says"; a reaction has its name."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from crm_contracts import registry
from crm_contracts.conversions import LeadConverted
from crm_contracts.deals import DealCreated
from crm_contracts.envelope import Event
from crm_contracts.leads import LeadCreated
from generation.files import PACKAGE

from tests.architecture.sources import ROOT, SERVICES, report

Reactions = Mapping[type[Event], Callable[..., Any]]
EVENTS = tuple(registry.EVENTS.values())


def reactions_of(service: str) -> Reactions:
    """What a service reacts to; nothing where it has no such entry point."""
    if find_spec(f"services.{service}.entrypoints.events") is None:
        return {}
    reactions: Reactions = import_module(f"services.{service}.entrypoints.events").REACTIONS
    return reactions


def snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def misnamed_reactions(reactions: Reactions) -> list[str]:
    """One function for one event is named after it; one that serves several is `on_event`."""
    served = Counter(reactions.values())
    wanted = {
        event: "on_event" if served[each] > 1 else f"on_{snake(event.__name__)}" for event, each in reactions.items()
    }
    return [
        f"{event.__name__}: {each.__name__} should be {wanted[event]}"
        for event, each in reactions.items()
        if each.__name__ != wanted[event]
    ]


def files_missing(events: Iterable[type[Event]], package: Path) -> list[str]:
    return [
        f"{event.__name__} has no {room}/{event.ce_type}.json"
        for event in events
        for room in ("schemas", "samples")
        if not (package / room / f"{event.ce_type}.json").is_file()
    ]


def unsaid(readme: str, events: Mapping[str, Iterable[type[Event]]]) -> list[str]:
    """Events that the table `| service | owns | says | hears |` does not list in the row of their service."""
    rows = {cells[1].strip(" `*[]"): line for line in readme.splitlines() if len(cells := line.split("|")) > 3}
    return [
        f"the row of {service} does not list {event.__name__}"
        for service, spoken in events.items()
        for event in spoken
        if f"`{event.__name__}`" not in rows.get(service, "")
    ]


def spoken_by_service() -> dict[str, list[type[Event]]]:
    return {topic.split(".")[1]: list(events) for topic, events in registry.PUBLISHED.items()}


def listed(readme: str, word: str) -> set[str]:
    """Names in backquotes on the line of a service's README that tells what it says or hears."""
    found = re.search(rf"^- \*\*{word}\*\* (.*)$", readme, re.MULTILINE)
    return set(re.findall(r"`([A-Z]\w+)`", found[1])) if found else set()


def readme_of(service: str) -> str:
    return (ROOT / "services" / service / "README.md").read_text()


def test_every_event_has_a_schema_and_a_sample() -> None:
    report(files_missing(EVENTS, PACKAGE), "run `make contracts`:")


def test_every_event_has_a_narration() -> None:
    narration: Mapping[type[Event], object] = import_module("services.timeline.domain.narration").NARRATION
    missing = [event.__name__ for event in EVENTS if event not in narration]
    report(missing, "every event is told in words in services/timeline/domain/narration.py; not yet:")


def test_the_readme_lists_every_event_with_the_service_that_says_it() -> None:
    report(unsaid((ROOT / "README.md").read_text(), spoken_by_service()), "the table in README.md is the system's map:")


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_lists_what_it_says(service: str) -> None:
    assert listed(readme_of(service), "says") == {event.__name__ for event in spoken_by_service()[service]}


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_lists_what_it_hears(service: str) -> None:
    named = listed(readme_of(service), "hears")
    hears_all = re.search(r"^- \*\*hears\*\* (all|every)", readme_of(service), re.MULTILINE)
    wanted = set(EVENTS) if hears_all else {event for event in EVENTS if event.__name__ in named}
    assert wanted == set(reactions_of(service)), f"README.md of {service} and its REACTIONS differ"


@pytest.mark.parametrize("service", SERVICES)
def test_reactions_are_named_after_the_event(service: str) -> None:
    report(misnamed_reactions(reactions_of(service)), f"REACTIONS of {service}:")


async def on_lead_created() -> None: ...


async def on_event() -> None: ...


def test_a_misnamed_reaction_is_found() -> None:
    assert misnamed_reactions({LeadCreated: on_lead_created}) == []
    assert misnamed_reactions({LeadConverted: on_lead_created})
    assert misnamed_reactions({LeadCreated: on_event})


def test_one_reaction_to_several_events_is_called_on_event() -> None:
    assert misnamed_reactions({LeadCreated: on_event, DealCreated: on_event}) == []
    assert misnamed_reactions({LeadCreated: on_lead_created, DealCreated: on_lead_created})


def test_an_event_without_files_is_found(tmp_path: Path) -> None:
    assert len(files_missing([LeadCreated], tmp_path)) == 2


def test_an_event_that_the_readme_does_not_list_is_found() -> None:
    row = "| leads | leads | `LeadCreated` | all |\n"
    assert unsaid(row, {"leads": [LeadCreated]}) == []
    assert unsaid(row, {"leads": [LeadConverted]}) == ["the row of leads does not list LeadConverted"]
    assert unsaid(row, {"deals": [LeadCreated]})


def test_names_are_read_from_the_right_line_of_a_services_readme() -> None:
    readme = "- **says** `LeadCreated`\n- **hears** deals (`DealCreated`)"
    assert listed(readme, "says") == {"LeadCreated"}
    assert listed(readme, "hears") == {"DealCreated"}
