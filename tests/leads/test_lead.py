"""The rule book of a lead, its conversion apart."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from crm_contracts.client_answers import CheckedContact
from crm_contracts.client_field import Client
from crm_contracts.leads import (
    LeadClientChanged,
    LeadCompanyUnlinked,
    LeadContactsAttached,
    LeadContactsChecked,
    LeadCreated,
    LeadProductRowsChanged,
    LeadStageChanged,
    LeadUpdated,
)

from services.leads.lead.domain.lead import Lead
from shared.elements.domain.client_field import (
    NewContactLink,
    add_contact,
    remove_contact,
    set_company,
    set_contacts,
    with_resolved,
)
from tests.builders.causes import ANNA, NOON, later
from tests.builders.leads import LEAD_STAGES, a_lead, just_created_lead
from tests.builders.values import a_client, a_row, company_ref, contact_ref, euros, priced

ADA = NewContactLink("ada")


def whole(lead: Lead, change: Callable[[Client], Client]) -> None:
    """The Client field set with the lead itself."""
    lead.set_client(change(lead.client), by=ANNA, at=NOON)


def single(lead: Lead, change: Callable[[Client], Client]) -> None:
    """The Client field changed contact by contact."""
    lead.set_contacts(change(lead.client), by=ANNA, at=NOON)


def refuse(lead: Lead, link_no: int) -> None:
    lead.refuse_company(link_no=link_no, company=company_ref("nobody"), code="company_not_found", by=ANNA, at=later(1))


def test_a_lead_needs_nothing_and_is_titled_by_its_number() -> None:
    """LEAD-01, CMN-01."""
    lead = just_created_lead(title="")
    assert (lead.title, lead.stage_id, lead.is_repeat, lead.closed_at) == ("Lead #17", "NEW", False, None)
    assert lead.recorded == (LeadCreated(lead=lead.state),)


def test_a_lead_whose_title_is_taken_away_is_titled_by_its_number_again() -> None:
    """CMN-01."""
    lead = a_lead()
    lead.correct({"title": ""}, by=ANNA, at=NOON)
    assert lead.title == "Lead #17"


def test_a_lead_that_comes_in_closed_is_closed_at_once() -> None:
    """LEAD-07."""
    lead = a_lead(stage_id="JUNK")
    assert (lead.stage_semantic, lead.closed_at) == ("F", NOON)


def test_the_stages_of_a_lead_are_those_of_every_crm() -> None:
    """LEAD-06."""
    assert [(stage.id, stage.semantic) for stage in LEAD_STAGES] == [
        ("NEW", "P"),
        ("IN_PROCESS", "P"),
        ("PROCESSED", "P"),
        ("CONVERTED", "S"),
        ("JUNK", "F"),
    ]


def test_a_correction_tells_only_what_changed() -> None:
    """LEAD-10."""
    lead = a_lead(comments="call her")
    lead.correct({"title": "Pumps for ACME", "comments": "called"}, by="user:bob", at=later(5))
    (event,) = lead.recorded
    assert isinstance(event, LeadUpdated)
    assert event.before.model_fields_set == event.after.model_fields_set == {"comments"}
    assert (event.before.comments, event.after.comments) == ("call her", "called")
    assert (lead.updated_at, lead.updated_by) == (later(5), "user:bob")
    assert (lead.created_at, lead.created_by) == (NOON, ANNA)


def test_a_correction_that_changes_nothing_is_no_correction() -> None:
    """LEAD-10."""
    lead = a_lead()
    lead.correct({"title": "Pumps for ACME"}, by="user:bob", at=later(5))
    assert (lead.recorded, lead.updated_at, lead.updated_by) == ((), NOON, ANNA)


@pytest.mark.parametrize("target", ["IN_PROCESS", "PROCESSED", "CONVERTED", "JUNK"])
def test_a_lead_moves_to_any_stage(target: str) -> None:
    """LEAD-07."""
    lead, stage = a_lead(), LEAD_STAGES.get(target)
    lead.move(stage, LEAD_STAGES.first, by="user:bob", at=later(5))
    closed = None if stage.semantic == "P" else later(5)
    assert (lead.stage_id, lead.stage_semantic, lead.closed_at) == (target, stage.semantic, closed)
    assert (lead.moved_at, lead.moved_by, lead.updated_at) == (later(5), "user:bob", later(5))
    assert lead.recorded == (
        LeadStageChanged(
            lead=lead.ref,
            from_stage="NEW",
            to_stage=target,
            from_semantic="P",
            to_semantic=stage.semantic,
            moved_at=later(5),
            closed_at=closed,
        ),
    )


def test_a_lead_that_is_worked_on_again_is_open_again() -> None:
    """LEAD-07."""
    lead = a_lead(stage_id="JUNK")
    lead.move(LEAD_STAGES.get("NEW"), LEAD_STAGES.first, by=ANNA, at=later(5))
    assert lead.closed_at is None


def test_moving_to_the_stage_where_it_stands_changes_nothing() -> None:
    lead = a_lead()
    lead.move(LEAD_STAGES.first, LEAD_STAGES.first, by=ANNA, at=later(5))
    assert (lead.recorded, lead.moved_at) == ((), None)


def test_a_plain_move_to_converted_converts_nothing() -> None:
    """LEAD-11."""
    lead = a_lead()
    lead.move(LEAD_STAGES.success, LEAD_STAGES.first, by=ANNA, at=NOON)
    assert (lead.converted, lead.conversion.state, lead.deal_ids) == (False, "none", ())
    assert [type(event) for event in lead.recorded] == [LeadStageChanged]


def test_products_change_with_their_amount_in_one_event() -> None:
    """ROW-01, ROW-02."""
    lead = a_lead()
    sold = priced(a_row(), amount="10")
    lead.set_rows(sold, by=ANNA, at=NOON)
    lead.set_rows(sold, by=ANNA, at=NOON)
    assert lead.recorded == (LeadProductRowsChanged(lead=lead.ref, before=priced(), after=sold),)
    assert lead.amount == euros("10")


@pytest.mark.parametrize("client", [a_client("ada"), set_company(Client(), "acme"), a_client("ada", company_id="acme")])
def test_a_lead_that_comes_in_with_a_client_is_a_repeat_lead(client: Client) -> None:
    """LEAD-03."""
    assert a_lead(client=client).is_repeat
    assert not a_lead().is_repeat


@pytest.mark.parametrize(
    "change",
    [lambda client: set_company(client, "acme"), lambda client: set_contacts(client, [ADA])],
    ids=["company", "contacts"],
)
def test_a_lead_that_is_saved_with_a_client_becomes_a_repeat_lead(change: Callable[[Client], Client]) -> None:
    """LEAD-03."""
    lead = a_lead()
    whole(lead, change)
    assert lead.is_repeat
    (event,) = lead.recorded
    assert isinstance(event, LeadClientChanged)
    assert event.is_repeat


def test_a_contact_that_is_linked_by_itself_makes_no_repeat_lead() -> None:
    """LEAD-03."""
    lead = a_lead()
    single(lead, lambda client: add_contact(client, ADA))
    assert (lead.client.contact_id, lead.is_repeat) == ("ada", False)
    single(lead, lambda client: set_contacts(client, [ADA, NewContactLink("bob")]))
    assert not lead.is_repeat


def test_saving_a_lead_with_the_contact_that_is_linked_already_makes_a_repeat_lead_of_it() -> None:
    """LEAD-03."""
    lead = a_lead()
    single(lead, lambda client: add_contact(client, ADA))
    whole(lead, lambda client: set_contacts(client, [ADA]))
    assert lead.is_repeat


def test_correcting_a_lead_that_has_a_client_makes_a_repeat_lead_of_it() -> None:
    """LEAD-03: an update that leaves it with a client, if it changes something (LEAD-10)."""
    lead = a_lead()
    single(lead, lambda client: add_contact(client, ADA))
    lead.correct({"title": lead.title}, by=ANNA, at=NOON)
    assert (lead.is_repeat, len(lead.recorded)) == (False, 1)
    lead.correct({"title": "Pipes"}, by=ANNA, at=NOON)
    assert (lead.is_repeat, len(lead.recorded)) == (True, 3)
    said = lead.recorded[-1]
    assert isinstance(said, LeadClientChanged)
    assert (said.before, said.after, said.is_repeat) == (lead.client, lead.client, True)


def test_a_repeat_lead_stays_one_without_its_client() -> None:
    """LEAD-03."""
    lead = a_lead(client=a_client("ada"))
    single(lead, lambda client: remove_contact(client, "ada"))
    assert (lead.client.is_empty, lead.is_repeat) == (True, True)
    lead = a_lead(client=a_client(company_id="acme"))
    whole(lead, lambda client: set_company(client, None))
    assert (lead.client.is_empty, lead.is_repeat) == (True, True)


def test_a_client_that_is_set_again_changes_nothing() -> None:
    lead = a_lead(client=a_client("ada", company_id="acme"))
    whole(lead, lambda client: set_company(client, "acme"))
    assert lead.recorded == ()


def test_the_contacts_of_the_linked_company_come_once() -> None:
    """CLI-07."""
    lead = a_lead()
    whole(lead, lambda client: set_company(client, "acme"))
    for _ in range(2):
        lead.attach_contacts(
            link_no=1,
            company=company_ref(),
            contacts=(contact_ref(),),
            truncated=False,
            by="user:bob",
            at=later(5),
        )
    asked, attached = lead.recorded
    assert isinstance(asked, LeadClientChanged)
    assert (asked.after.link_state, asked.after.link_no) == ("pending", 1)
    assert isinstance(attached, LeadContactsAttached)
    assert (attached.attached, attached.detached, attached.client) == ((contact_ref(),), (), lead.client)
    assert (lead.updated_at, lead.updated_by) == (later(5), "user:bob")


def test_a_company_that_is_not_there_makes_no_repeat_lead() -> None:
    """LEAD-03, CLI-07."""
    lead = a_lead()
    whole(lead, lambda client: set_company(client, "nobody"))
    refuse(lead, 1)
    refuse(lead, 1)
    assert (lead.client.company, lead.client.link_state, lead.is_repeat) == (None, "refused", False)
    assert lead.recorded[1:] == (
        LeadCompanyUnlinked(
            lead=lead.ref,
            company=company_ref("nobody"),
            code="company_not_found",
            client=lead.client,
            is_repeat=False,
        ),
    )
    lead = a_lead(client=set_company(Client(), "nobody"))
    refuse(lead, 1)
    assert not lead.is_repeat


def test_two_companies_that_are_not_there_make_no_repeat_lead_either() -> None:
    """LEAD-03, CLI-07."""
    lead = a_lead()
    whole(lead, lambda client: set_company(client, "nobody"))
    whole(lead, lambda client: set_company(client, "nothing"))
    refuse(lead, 1)
    assert lead.is_repeat
    refuse(lead, 2)
    assert not lead.is_repeat


def test_a_contact_linked_by_itself_beside_a_company_that_is_not_there_makes_no_repeat_lead() -> None:
    """LEAD-03, CLI-07."""
    lead = a_lead()
    whole(lead, lambda client: set_company(client, "nobody"))
    single(lead, lambda client: add_contact(client, replace(ADA, title="Ada")))
    refuse(lead, 1)
    assert (lead.client.contact_id, lead.is_repeat) == ("ada", False)


@pytest.mark.parametrize("before", ["a contact", "a company", "a contact of the same call"])
def test_a_lead_that_is_a_repeat_lead_anyway_stays_one_without_the_company_that_is_not_there(before: str) -> None:
    """LEAD-03, CLI-07."""
    lead = a_lead(client={"a contact": a_client("ada"), "a company": a_client(company_id="acme")}.get(before))
    if before == "a contact of the same call":
        whole(lead, lambda client: set_company(set_contacts(client, [replace(ADA, title="Ada")]), "nobody"))
    else:
        whole(lead, lambda client: set_company(client, "nobody"))
    single(lead, lambda client: remove_contact(client, "ada"))
    refuse(lead, lead.client.link_no)
    kept = lead.client.company and lead.client.company.id
    assert (kept, lead.client.contacts) == ("acme" if before == "a company" else None, ())
    assert lead.is_repeat


def check(lead: Lead, link_no: int, **exists: bool) -> None:
    """Clients answers about contacts that were linked by their ids."""
    checked = tuple(
        CheckedContact(contact_id=id_, contact=contact_ref(id_) if there else None) for id_, there in exists.items()
    )
    lead.check_contacts(link_no=link_no, checked=checked, by="user:bob", at=later(5))


@pytest.mark.parametrize(("ada", "bob", "is_repeat"), [(False, False, False), (True, False, True), (True, True, True)])
def test_contacts_that_do_not_exist_make_no_repeat_lead(*, ada: bool, bob: bool, is_repeat: bool) -> None:
    """LEAD-03, CLI-02: one that exists does, and an answer that comes again changes nothing."""
    lead = a_lead()
    whole(lead, lambda client: set_contacts(client, [ADA, NewContactLink("bob")]))
    assert lead.is_repeat
    for _ in range(2):
        check(lead, 1, ada=ada, bob=bob)
        assert lead.is_repeat is is_repeat
    (checked,) = lead.recorded[1:]
    assert isinstance(checked, LeadContactsChecked)
    assert (checked.is_repeat, checked.client) == (is_repeat, lead.client)


def test_a_lead_whose_conversion_ends_asks_again_for_a_contact_that_was_asked_for_with_another_company() -> None:
    """LEAD-14, CLI-02: the event about the conversion is the request."""
    client = with_resolved(set_contacts(set_company(Client(), "acme"), [ADA]), contact_ref("bob"), company_ref("bell"))
    assert (client.link_no, client.link_state, client.asks_for_company) == (3, "pending", False)
    assert client.pending_contacts == ("ada",)
