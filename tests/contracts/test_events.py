"""Promises about the event classes themselves: names, topics, what their fields look like on the wire."""

import ast
import inspect
import json
import re
from decimal import Decimal
from typing import Any

import pytest
from crm_contracts import registry, topics
from crm_contracts.deals import DealFields, DealUpdated
from crm_contracts.dictionaries import DictionaryEvent
from crm_contracts.elements import NOUNS
from crm_contracts.envelope import Event
from crm_contracts.events import ElementEvent
from crm_contracts.leads import LeadFields, LeadUpdated
from crm_contracts.products import ProductFields
from crm_contracts.values import Address, ElementRef, Fields, Money

EVENTS = [pytest.param(event, id=ce_type) for ce_type, event in registry.EVENTS.items()]
LEAD = ElementRef(type="lead", id="l1", title="Pumps")


def literal_type(event: type[Event]) -> Any:
    """What stands as `ce_type` in the class body, where it is a plain literal."""
    body = ast.parse(inspect.getsource(event)).body[0]
    assert isinstance(body, ast.ClassDef)
    for line in body.body:
        if isinstance(line, ast.AnnAssign) and ast.unparse(line.target) == "ce_type":
            return (
                line.value.value if isinstance(line.value, ast.Constant) and isinstance(line.value.value, str) else None
            )
    return None


def subclasses(kind: type[Event]) -> set[type[Event]]:
    return {kind}.union(*(subclasses(each) for each in kind.__subclasses__()))


@pytest.mark.parametrize("event", EVENTS)
def test_the_wire_name_is_a_literal_in_the_class_body(event: type[Event]) -> None:
    assert literal_type(event) == event.ce_type, f"{event.__name__}.ce_type must be written out, never derived"


@pytest.mark.parametrize("event", EVENTS)
def test_the_wire_name_is_crm_noun_verb_version(event: type[Event]) -> None:
    assert re.fullmatch(r"crm\.[a-z]+\.[a-z_]+\.v[1-9]\d*", event.ce_type)


@pytest.mark.parametrize("event", EVENTS)
def test_an_event_says_what_happened(event: type[Event]) -> None:
    assert event.__doc__ not in {None, Event.__doc__}, f"{event.__name__} needs a docstring: it becomes the description"


def test_no_two_classes_share_a_wire_name() -> None:
    published = {event for events in registry.PUBLISHED.values() for event in events}
    names = [event.ce_type for event in published]
    assert sorted(names) == sorted(registry.EVENTS), "two classes have the same ce_type, and one hides the other"


def test_an_event_class_belongs_to_one_topic_but_the_values_of_dictionaries_to_two() -> None:
    """DICT-04: those of stages are told by the service that has the elements."""
    for event, found in registry.TOPICS.items():
        of_dictionary = issubclass(event, DictionaryEvent)
        assert len(found) == (2 if of_dictionary else 1), f"{event.__name__} is published on {found}"
        assert not of_dictionary or found == (topics.LEADS, topics.CATALOG)


def test_every_topic_has_events_and_every_event_class_is_registered() -> None:
    assert set(registry.PUBLISHED) == set(topics.ALL)
    own = {
        event
        for event in subclasses(Event)
        if event.__module__.startswith("crm_contracts.") and "ce_type" in vars(event)
    }
    assert own == set(registry.EVENTS.values())


def test_money_is_a_decimal_string_on_the_wire() -> None:
    assert json.loads(Money(value=Decimal("1234.50"), currency="EUR").model_dump_json()) == {
        "value": "1234.50",
        "currency": "EUR",
    }


def test_no_sample_carries_a_fraction_as_a_float() -> None:
    for ce_type in registry.EVENTS:

        def refuse(text: str, ce_type: str = ce_type) -> None:
            pytest.fail(f"{ce_type} writes {text} as a float")

        json.loads(registry.sample_of(ce_type), parse_float=refuse)


def test_an_update_carries_the_changed_fields_only_and_remembers_which() -> None:
    event = LeadUpdated(
        lead=LEAD, before=LeadFields(title="Pump", comments=None), after=LeadFields(title="Pumps", comments="x")
    )
    wire = json.loads(event.model_dump_json())
    assert wire["before"] == {"title": "Pump", "comments": None}
    assert wire["after"] == {"title": "Pumps", "comments": "x"}
    read = LeadUpdated.model_validate_json(event.model_dump_json())
    assert read.before.model_fields_set == read.after.model_fields_set == {"title", "comments"}
    assert read == event


def test_a_field_that_was_emptied_is_told_from_one_that_did_not_change() -> None:
    event = DealUpdated.model_validate({"deal": LEAD, "before": {"comments": "x"}, "after": {"comments": None}})
    read = DealUpdated.model_validate_json(event.model_dump_json())
    assert read.after.comments is None
    assert read.after.model_fields_set == {"comments"}


def test_a_changed_value_is_complete_inside() -> None:
    after = LeadFields(address=Address(city="Berlin"))
    event = LeadUpdated(lead=LEAD, before=LeadFields(address=None), after=after)
    assert json.loads(event.model_dump_json())["after"]["address"]["type"] == "physical"


@pytest.mark.parametrize("kind", [LeadFields, DealFields, ProductFields])
def test_any_field_of_an_update_may_be_absent(kind: type[Fields]) -> None:
    required = [name for name, info in kind.model_fields.items() if info.is_required()]
    assert not required, f"{kind.__name__} is used for before and after: {required} need defaults"


MAPS = {"fields", "levels"}


@pytest.mark.parametrize("event", EVENTS)
def test_unknown_fields_are_ignored_at_any_depth(event: type[Event]) -> None:
    data = json.loads(registry.sample_of(event.ce_type))["data"]
    assert event.model_validate(with_strangers(data)) == event.model_validate(data)


def with_strangers(part: Any) -> Any:
    """The same document from a newer publisher, which knows one field more everywhere."""
    if isinstance(part, dict):
        # What stands in a map is all known, whatever it is called.
        known = {name: value if name in MAPS else with_strangers(value) for name, value in part.items()}
        return {**known, "from_the_future": [1]}
    return [with_strangers(each) for each in part] if isinstance(part, list) else part


def test_the_wire_order_of_fields_begins_with_the_element() -> None:
    """A reader of the log sees first whom an event is about."""
    for event in registry.EVENTS.values():
        first = next(iter(event.model_fields))
        assert first in {*NOUNS, "element", "entry_event_id", "owner", "survivor"}, event.__name__


def test_every_event_of_an_element_names_it_whatever_its_type() -> None:
    for ce_type, event in registry.EVENTS.items():
        if issubclass(event, ElementEvent):
            sample = json.loads(registry.sample_of(ce_type))
            data = event.model_validate(sample["data"])
            assert f'"id": "{data.element.id}"' in json.dumps(sample["data"]), event.__name__
            assert data.element.type in NOUNS, event.__name__
