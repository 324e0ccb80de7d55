"""Which changes of the Client field make a repeat lead (LEAD-03, LEAD-14)."""

from itertools import product

import pytest
from crm_contracts.client_field import Client

from services.leads.lead.domain.repeat import BECOMES_REPEAT, Linked, Repeat, Way
from shared.elements.domain.client_field import set_company
from tests.builders.values import a_client

NONE, ADA, BOB, ACME = Client(), a_client("ada"), a_client("bob"), a_client(company_id="acme")
AFTER: dict[Linked, Client] = {"none": NONE, "results": ADA, "others": BOB}
TABLE: list[tuple[Way, Linked, bool]] = [
    ("whole", "none", False),
    ("whole", "results", False),
    ("whole", "others", True),
    ("part", "none", False),
    ("part", "results", False),
    ("part", "others", False),
]


@pytest.mark.parametrize(("way", "linked", "becomes"), TABLE)
def test_only_other_clients_set_as_a_whole_make_a_repeat_lead(way: Way, linked: Linked, *, becomes: bool) -> None:
    """LEAD-03, LEAD-14: of a lead that was converted into ada."""
    assert Repeat().after(ADA, AFTER[linked], way=way, is_converted=True).now is becomes
    assert Repeat(now=True).after(ADA, AFTER[linked], way=way, is_converted=True).now, "a repeat lead stays one"


def test_the_table_has_a_row_for_every_change() -> None:
    assert {(way, linked): becomes for way, linked, becomes in TABLE} == BECOMES_REPEAT
    assert len(TABLE) == len(list(product(("whole", "part"), AFTER)))


def test_the_same_clients_make_a_repeat_lead_where_no_conversion_brought_them() -> None:
    """LEAD-03."""
    assert Repeat().after(ADA, ADA, way="whole", is_converted=False).now


PENDING = set_company(NONE, "acme")
WITHOUT_THE_COMPANY: list[tuple[str, Repeat, Client, Client, Way, bool]] = [
    ("a company alone", Repeat(), NONE, PENDING, "whole", False),
    ("contacts with the company", Repeat(), NONE, set_company(ADA, "acme"), "whole", True),
    ("a contact by itself", Repeat(), NONE, ADA, "part", False),
    ("a contact by itself, beside a pending company", Repeat(now=True), PENDING, ADA, "part", False),
    ("another company while one is pending", Repeat(now=True), PENDING, set_company(PENDING, "bell"), "whole", False),
    ("another company after one was confirmed", Repeat(now=True), ACME, set_company(ACME, "bell"), "whole", True),
    ("one that was a repeat lead before", Repeat(now=True, without_company=True), PENDING, PENDING, "part", True),
]


@pytest.mark.parametrize(
    ("repeat", "before", "after", "way", "stays"),
    [row[1:] for row in WITHOUT_THE_COMPANY],
    ids=[row[0] for row in WITHOUT_THE_COMPANY],
)
def test_what_the_lead_is_when_the_pending_company_is_refused(
    repeat: Repeat, before: Client, after: Client, way: Way, *, stays: bool
) -> None:
    """LEAD-03, CLI-07."""
    assert repeat.after(before, after, way=way, is_converted=False).without_company is stays
