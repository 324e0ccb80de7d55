"""Which index finds an alternative of a filter, and what is left to be looked at (DEAL-01)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from crm_contracts.elements import DEAL, LEAD

from services.leads.lead.store import LEAD_INDEXES, LEAD_TABLE
from shared.elements.domain.fields import filterable_fields
from shared.elements.domain.filters.nodes import All, AnyOf, Condition, Node
from shared.elements.domain.filters.parsing import parse_filter
from shared.elements.domain.filters.query import Order, Query
from shared.elements.domain.rights.accessed import ACCESS, ACCESS_OR_OPEN
from shared.elements.domain.rights.compiled import NOTHING
from shared.elements.store.query_plan import MAX_SCANS, PlannedBranch, planned
from tests.builders import leads
from tests.builders.deals import TABLE
from tests.builders.filters import NOW

DEAL_FIELDS, LEAD_FIELDS = filterable_fields(DEAL), filterable_fields(LEAD)
NEWEST = Order(DEAL_FIELDS["created_at"])


def plans(raw: Any, order: Order = NEWEST) -> list[PlannedBranch]:
    return planned(Query(parse_filter(raw, DEAL_FIELDS, now=NOW), order), TABLE)


def names(nodes: tuple[Node, ...]) -> list[str]:
    return [node.field.name for node in nodes if isinstance(node, Condition)]


@pytest.mark.parametrize(
    ("raw", "index", "found", "rest"),
    [
        ({}, "newest", [], []),
        ({"title": "x"}, "newest", [], ["title"]),
        ({"created_at": {">": {"days": -1}}, "title": "x"}, "newest", ["created_at"], ["title"]),
        ({"pipeline_id": "default"}, "by_stage", ["pipeline_id", "stage_id"], []),
        ({"stage_id": "NEW"}, "by_stage", ["pipeline_id", "stage_id"], []),
        ({"stage_id": {"in": ["NEW", "WON"]}, "pipeline_id": "default"}, "by_stage", ["pipeline_id", "stage_id"], []),
        ({"stage_id": "NEW", "contact_id": "ada"}, "by_contact", ["contact_id"], ["stage_id"]),
        ({"originator_id": "shop"}, "by_originator", ["originator_id"], []),
        ({"originator_id": {"in": ["shop", "fair"]}}, "newest", [], ["originator_id"]),
        ({"originator_id": ""}, "newest", [], ["originator_id"]),
        ({"id": "x", "title": "y"}, "_id_", ["id"], ["title"]),
        ({"responsible_id": "anna"}, "by_access", ["access"], []),
        ({"responsible_id": {"in": ["anna", "ben"]}, "title": "x"}, "by_access", ["access"], ["title"]),
        ({"responsible_id": "anna", "contact_id": "ada"}, "by_contact", ["contact_id"], ["access"]),
        ({"responsible_id": ""}, "newest", [], ["responsible_id"]),
        ({"responsible_id": {"!=": "anna"}}, "newest", [], ["responsible_id"]),
    ],
)
def test_equality_chooses_the_index_that_finds_fewest(raw: Any, index: str, found: list[str], rest: list[str]) -> None:
    (plan,) = plans(raw)
    assert plan.index == index
    assert names(plan.found.parts) == found
    assert names(plan.rest.parts if plan.rest else ()) == rest


@pytest.mark.parametrize("order", TABLE.orders)
def test_what_nothing_passes_is_looked_for_nowhere(order: str) -> None:
    """PERM-01: whoever may read nothing costs no query, whatever the filter and the order."""
    node = All((parse_filter({"title": "x"}, DEAL_FIELDS, now=NOW), NOTHING))
    assert planned(Query(node, Order(DEAL_FIELDS[order])), TABLE) == []


def test_not_this_stage_is_one_of_the_others() -> None:
    (plan,) = plans({"stage_id": {"not in": ["NEW", "WON"]}})
    pipelines, condition = plan.found.parts
    assert isinstance(pipelines, Condition)
    assert isinstance(condition, Condition)
    assert pipelines.values == ("default",)
    others = ("PREPARATION", "PREPAYMENT_INVOICE", "EXECUTING", "FINAL_INVOICE", "LOSE", "APOLOGY")
    assert (plan.index, condition.operator, condition.operand) == ("by_stage", "in", others)


def test_each_alternative_has_an_index_of_its_own() -> None:
    raw = {"or": [{"company_id": "acme"}, {"contact_id": "ada"}, {"title": "x"}], "pipeline_id": "default"}
    assert [plan.index for plan in plans(raw)] == ["by_company", "by_contact", "by_stage"]


def test_another_order_takes_an_index_that_has_it() -> None:
    (plan,) = plans({"stage_id": "NEW"}, Order(DEAL_FIELDS["number"]))
    assert (plan.index, names(plan.rest.parts if plan.rest else ())) == ("number", ["stage_id"])


def test_too_many_places_of_an_index_would_be_sorted_in_memory_and_are_not_taken() -> None:
    many = [str(number) for number in range(MAX_SCANS // 2 + 1)]
    (plan,) = plans({"pipeline_id": {"in": ["a", "b"]}, "stage_id": {"in": many}})
    assert plan.index == "newest"


def test_a_field_that_is_bound_twice_is_found_by_the_values_that_both_name() -> None:
    raw = {"and": [{"stage_id": {"in": ["NEW", "WON", "LOSE"]}}, {"stage_id": {"!=": "WON"}}, {"stage_id": "NEW"}]}
    (plan,) = plans(raw)
    _, condition = plan.found.parts
    assert isinstance(condition, Condition)
    assert (condition.operand, plan.rest) == ("NEW", None)


@pytest.mark.parametrize("order", TABLE.orders)
def test_an_alternative_that_contradicts_itself_is_looked_for_nowhere(order: str) -> None:
    """A deal has one stage, but several contacts."""
    by, stages = Order(DEAL_FIELDS[order]), {"and": [{"stage_id": "NEW"}, {"stage_id": {"in": ["WON", "LOSE"]}}]}
    assert plans(stages, by) == []
    assert plans({"and": [{"currency": "EUR"}, {"currency": "USD"}]}, by) == []
    assert len(plans({"or": [stages, {"title": "x"}]}, by)) == 1
    assert len(plans({"and": [{"contact_id": "ada"}, {"contact_id": "bob"}]}, by)) == 1


def test_alternatives_along_the_same_keys_are_looked_for_at_once() -> None:
    """So no record is looked at twice."""
    raw = {"or": [{"stage_id": "NEW"}, {"company_id": "acme"}, {"title": "x"}]}
    (plan,) = plans(raw, Order(DEAL_FIELDS["number"]))
    assert (plan.index, plan.found.parts) == ("number", ())
    assert isinstance(plan.rest, All)
    (either,) = plan.rest.parts
    assert isinstance(either, AnyOf)
    assert len(either.parts) == 3
    (every_new,) = plans({"or": [{"stage_id": "NEW", "title": "x"}, {"and": [{"stage_id": "NEW"}]}]})
    assert every_new.rest is None


def test_leads_are_planned_over_their_own_indexes() -> None:
    assert {group.index for group in LEAD_TABLE.groups} <= {index.name for index in LEAD_INDEXES} | {"_id_"}
    for table, fields in ((leads.TABLE, LEAD_FIELDS), (TABLE, DEAL_FIELDS)):
        marks = {ACCESS.name, ACCESS_OR_OPEN.name}
        assert {name for group in table.groups for name in group.fields} | set(
            table.choices.fields
        ) <= fields.keys() | marks


@pytest.mark.parametrize(
    "raw", [{"=": "2026-03-02T12:00:00Z"}, {">=": "2026-03-02T12:00:00Z", "<=": "2026-03-02T12:00:00Z"}]
)
def test_a_range_of_one_moment_is_a_range_for_mongodb(raw: dict[str, str]) -> None:
    """It would take one value for a place of the index, and sort what two contacts have there."""
    (plan,) = plans({"contact_id": {"in": ["ada", "bob"]}, "created_at": raw})
    contacts, *bounds = plan.found.parts
    assert isinstance(contacts, Condition)
    step, moment = timedelta(milliseconds=1), datetime(2026, 3, 2, 12, tzinfo=UTC)
    assert {(each.operator, each.operand) for each in bounds if isinstance(each, Condition)} == {
        (">", moment - step),
        ("<", moment + step),
    }


@pytest.mark.parametrize("last", ["9999-12-31T23:59:59.999Z", "0001-01-01T00:00:00Z"])
def test_the_last_moments_that_there_are_can_be_asked_for(last: str) -> None:
    (plan,) = plans({"created_at": {"=": last}})
    assert [each.operator for each in plan.found.parts if isinstance(each, Condition)] == ["="]
