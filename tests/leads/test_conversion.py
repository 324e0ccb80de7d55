"""The whole conversion of a lead, which is a state of the lead (LEAD-11 to LEAD-14)."""

from collections.abc import Callable
from itertools import pairwise
from itertools import product as every
from typing import Any

import pytest
from crm_contracts.client_field import Client
from crm_contracts.conversions import (
    LeadConversionRefused,
    LeadConversionRequested,
    LeadConverted,
    LeadDealRequested,
    LinkedClient,
    ResolvedClient,
)
from crm_contracts.leads import LeadStageChanged
from crm_contracts.values import ConversionTarget, ElementRef

from services.leads.lead.domain.conversion import MAX_REPEATS
from services.leads.lead.domain.draft import MAX_FORWARDED_BYTES, draft_of
from services.leads.lead.domain.errors import (
    ID_TAKEN,
    NO_ANSWER,
    ConversionRunning,
    LeadAlreadyConverted,
    RepeatLeadOnlyDeal,
)
from services.leads.lead.domain.lead import Lead
from services.leads.lead.schemas import ConversionOut, LeadOut
from shared.elements.domain.client_field import set_company
from shared.elements.domain.room import size_of
from shared.kit.domain import Refused, derived_id, is_derived
from tests.builders.causes import ANNA, NOON, ids, later
from tests.builders.leads import LEAD_STAGES, a_lead, a_person, a_wish, start, wake
from tests.builders.values import a_client, a_phone, a_row, an_email, company_ref, contact_ref, deal_ref, priced

CONVERSION = "id-1"
CONTACT, COMPANY, DEAL = (derived_id("proposed", CONVERSION, 1, kind) for kind in ("contact", "company", "deal"))


def resolve(
    lead: Lead,
    *,
    attempt: int = 1,
    conversion_id: str = CONVERSION,
    contact: ElementRef | None = None,
    company: ElementRef | None = None,
    duplicates: tuple[ElementRef, ...] = (),
    linked: tuple[LinkedClient, ...] = (),
) -> None:
    found = ResolvedClient(contact=contact, company=company, duplicates=duplicates, linked=linked)
    lead.resolve_client(conversion_id, attempt, found, by=ANNA, at=later(1))


def opened(
    lead: Lead, *, attempt: int = 1, conversion_id: str = CONVERSION, found: ResolvedClient | None = None
) -> None:
    lead.open_deal(conversion_id, attempt, deal_ref(), found=found, by=ANNA, at=later(2))


def refuse(lead: Lead, *, attempt: int = 1, code: str = "duplicates_found", conversion_id: str = CONVERSION) -> None:
    lead.refuse_conversion(conversion_id, attempt, code=code, message="no", candidates=(contact_ref("bob"),))


def heard(lead: Lead) -> list[Any]:
    """Takes what was recorded since it was last asked for."""
    events = list(lead.recorded)
    lead._recorded.clear()
    return events


def types(lead: Lead) -> list[type]:
    return [type(event) for event in heard(lead)]


def a_converted_lead(**given: Any) -> Lead:
    lead = a_lead(**given)
    start(lead)
    resolve(lead, contact=contact_ref())
    opened(lead)
    heard(lead)
    return lead


def test_by_default_a_lead_converts_into_a_contact_and_a_deal() -> None:
    """LEAD-11."""
    lead = a_lead(**a_person())
    start(lead)
    (asked,) = heard(lead)
    assert isinstance(asked, LeadConversionRequested)
    assert (asked.conversion_id, asked.attempt) == (CONVERSION, 1)
    assert (asked.targets, asked.client_targets) == (("contact", "deal"), ("contact",))
    assert (asked.proposed_contact_id, asked.proposed_company_id) == (CONTACT, COMPANY)
    assert asked.on_duplicate == "link"
    assert lead.conversion.state == "running"
    assert (lead.stage_id, lead.converted) == ("NEW", False)


def test_clients_first_then_the_deal_then_the_end() -> None:
    """LEAD-11, LEAD-14."""
    lead = a_lead(**a_person())
    start(lead, "contact", "company", "deal")
    heard(lead)
    resolve(lead, contact=contact_ref(), company=company_ref())
    (asked,) = heard(lead)
    assert isinstance(asked, LeadDealRequested)
    assert (asked.conversion_id, asked.attempt, asked.proposed_deal_id) == (CONVERSION, 1, DEAL)
    assert asked.draft.company == company_ref()
    assert [(link.contact_id, link.is_primary) for link in asked.draft.contacts] == [("ada", True)]
    opened(lead)
    converted, moved = heard(lead)
    assert isinstance(converted, LeadConverted)
    assert (converted.contact, converted.company, converted.deal) == (contact_ref(), company_ref(), deal_ref())
    assert (converted.converted_at, converted.converted_by) == (later(2), ANNA)
    assert converted.client == lead.client
    assert isinstance(moved, LeadStageChanged)
    assert (moved.from_stage, moved.to_stage, moved.closed_at) == ("NEW", "CONVERTED", later(2))


def test_a_converted_lead_keeps_its_record_and_points_to_the_results() -> None:
    """LEAD-14."""
    lead = a_converted_lead(**a_person())
    assert (lead.converted, lead.converted_at, lead.converted_by) == (True, later(2), ANNA)
    assert (lead.client.contact_id, lead.deal_ids) == ("ada", ("deal-1",))
    assert (lead.stage_id, lead.stage_semantic, lead.closed_at) == ("CONVERTED", "S", later(2))
    assert (lead.first_name, lead.updated_at) == ("Ada", later(2))
    assert lead.conversion.state == "done"


def test_conversion_makes_no_repeat_lead() -> None:
    """LEAD-14."""
    lead = a_lead()
    start(lead, "contact", "company", "deal")
    resolve(lead, contact=contact_ref(), company=company_ref())
    opened(lead)
    assert (lead.client.company, lead.client.link_state) == (company_ref(), "done")
    assert not lead.is_repeat


def test_a_converted_lead_that_is_corrected_becomes_no_repeat_lead() -> None:
    """LEAD-14: only another client does that (LEAD-03)."""
    lead = a_lead()
    start(lead, "contact", "deal")
    resolve(lead, contact=contact_ref())
    opened(lead)
    lead.correct({"title": "Pipes"}, by=ANNA, at=later(9))
    lead.set_client(lead.client.model_copy(update={"auto_link_contacts": False}), by=ANNA, at=later(9))
    assert not lead.is_repeat
    lead.set_client(set_company(lead.client, "other"), by=ANNA, at=later(9))
    assert lead.is_repeat


@pytest.mark.parametrize("targets", [("contact",), ("company",), ("contact", "company")])
def test_without_a_deal_the_conversion_ends_with_the_client(targets: tuple[ConversionTarget, ...]) -> None:
    """LEAD-11."""
    lead = a_lead()
    start(lead, *targets)
    heard(lead)
    resolve(
        lead,
        contact=contact_ref() if "contact" in targets else None,
        company=company_ref() if "company" in targets else None,
    )
    assert types(lead) == [LeadConverted, LeadStageChanged]
    assert (lead.conversion.state, lead.deal_ids) == ("done", ())


def test_a_deal_alone_is_asked_for_in_the_write_that_starts_the_conversion() -> None:
    """LEAD-11."""
    lead = a_lead(**a_person())
    start(lead, "deal")
    began, asked = heard(lead)
    assert isinstance(began, LeadConversionRequested)
    assert (began.targets, began.client_targets) == (("deal",), ())
    assert isinstance(asked, LeadDealRequested)
    opened(lead)
    assert types(lead) == [LeadConverted, LeadStageChanged]
    assert (lead.client.is_empty, lead.deal_ids) == (True, ("deal-1",))


def test_a_repeat_lead_converts_into_a_deal_by_default_with_its_client() -> None:
    """LEAD-04."""
    lead = a_lead(client=a_client("ada", "bob", company_id="acme"))
    start(lead)
    asked = heard(lead)[-1]
    assert isinstance(asked, LeadDealRequested)
    assert (asked.draft.company, asked.draft.contacts) == (lead.client.company, lead.client.contacts)
    opened(lead)
    assert (lead.conversion.targets, lead.conversion.state) == (("deal",), "done")
    assert lead.client == a_client("ada", "bob", company_id="acme")


@pytest.mark.parametrize("targets", [("contact",), ("company", "deal"), ("contact", "company", "deal")])
def test_a_repeat_lead_converts_only_into_a_deal(targets: tuple[ConversionTarget, ...]) -> None:
    """LEAD-04."""
    lead = a_lead(client=a_client("ada"))
    before = lead.model_dump()
    with pytest.raises(RepeatLeadOnlyDeal) as refused:
        start(lead, *targets)
    assert refused.value.code == "repeat_lead_only_deal"
    assert (lead.model_dump(), heard(lead)) == (before, [])


def test_a_refusal_names_who_stands_in_the_way_and_leaves_the_lead_as_it_was() -> None:
    """LEAD-12."""
    lead = a_lead()
    start(lead, on_duplicate="reject")
    heard(lead)
    refuse(lead)
    (refused,) = heard(lead)
    assert isinstance(refused, LeadConversionRefused)
    assert (refused.code, refused.candidates, refused.existing) == ("duplicates_found", (contact_ref("bob"),), ())
    assert (lead.conversion.state, lead.conversion.code) == ("refused", "duplicates_found")
    assert (lead.stage_id, lead.converted, lead.client.is_empty) == ("NEW", False, True)


def test_after_a_refusal_another_attempt_may_be_made_with_the_same_proposed_ids() -> None:
    """LEAD-13."""
    lead = a_lead()
    start(lead, on_duplicate="reject")
    refuse(lead)
    heard(lead)
    start(lead, "contact", "company", "deal", prefix="other", on_duplicate="link")
    (asked,) = heard(lead)
    assert isinstance(asked, LeadConversionRequested)
    assert (asked.conversion_id, asked.attempt, asked.on_duplicate) == (CONVERSION, 2, "link")
    assert (asked.proposed_contact_id, asked.proposed_company_id) == (CONTACT, COMPANY)
    assert lead.conversion.proposed_deal_id == DEAL
    assert (lead.conversion.state, lead.conversion.code, lead.conversion.candidates) == ("running", None, ())


def test_after_a_refusal_by_deals_the_clients_stay_and_only_the_deal_is_asked_for() -> None:
    """LEAD-13."""
    lead = a_lead()
    start(lead, "contact", "company", "deal", pipeline_id="nowhere")
    resolve(lead, contact=contact_ref(), company=company_ref(), duplicates=(contact_ref("bob"),))
    heard(lead)
    refuse(lead, code="pipeline_not_found")
    (refused,) = heard(lead)
    assert refused.existing == (contact_ref(), company_ref())
    start(lead, "contact", "company", "deal")
    began, asked = heard(lead)
    assert isinstance(began, LeadConversionRequested)
    assert began.client_targets == ()
    assert isinstance(asked, LeadDealRequested)
    assert (asked.attempt, asked.proposed_deal_id, asked.draft.pipeline_id) == (2, DEAL, "default")
    assert asked.draft.company == company_ref()
    assert [link.contact_id for link in asked.draft.contacts] == ["ada"]
    assert lead.conversion.duplicates == (contact_ref("bob"),)
    opened(lead, attempt=2)
    assert (lead.client.contact_id, lead.client.company) == ("ada", company_ref())


def test_a_retry_asks_clients_only_for_what_is_missing() -> None:
    """LEAD-13."""
    lead = a_lead()
    start(lead, pipeline_id="nowhere")
    resolve(lead, contact=contact_ref())
    refuse(lead, code="pipeline_not_found")
    heard(lead)
    start(lead, "contact", "company", "deal")
    (asked,) = heard(lead)
    assert isinstance(asked, LeadConversionRequested)
    assert asked.client_targets == ("company",)
    resolve(lead, attempt=2, company=company_ref())
    (asked,) = heard(lead)
    assert isinstance(asked, LeadDealRequested)
    assert [link.contact_id for link in asked.draft.contacts] == ["ada"]


def test_of_another_choice_after_a_refusal_nothing_is_told_about_the_first_one() -> None:
    """LEAD-12: what the linked clients have taken of the lead is told of the clients of this conversion alone."""
    lead, told = a_lead(), {id_: LinkedClient(client=contact_ref(id_), enriched=("phones",)) for id_ in ("ada", "bob")}
    start(lead, pipeline_id="nowhere")
    resolve(lead, contact=contact_ref("ada"), linked=(told["ada"],))
    refuse(lead, code="pipeline_not_found")
    shown = []
    start(lead, pipeline_id="nowhere", contact_id="ada")
    shown.append(lead.conversion.linked)
    refuse(lead, attempt=2, code="pipeline_not_found")
    start(lead, contact_id="bob")
    shown.append(lead.conversion.linked)
    assert shown == [(told["ada"],), ()]
    resolve(lead, attempt=3, contact=contact_ref("bob"), linked=(told["bob"],))
    assert (lead.conversion.contact, lead.conversion.linked) == (contact_ref("bob"), (told["bob"],))


OTHERS = [(2, CONVERSION), (0, CONVERSION), (1, "another")]
ANSWERS = [resolve, opened, refuse]


@pytest.mark.parametrize(("which", "answer"), list(every(OTHERS, ANSWERS)))
def test_an_answer_to_another_attempt_or_conversion_changes_nothing(which: tuple[int, str], answer: Any) -> None:
    """LEAD-13."""
    attempt, conversion_id = which
    waits_for_clients, waits_for_deals = a_lead(), a_lead()
    start(waits_for_clients)
    start(waits_for_deals, "deal")
    for lead in (waits_for_clients, waits_for_deals):
        heard(lead)
        before = lead.model_dump()
        answer(lead, attempt=attempt, conversion_id=conversion_id)
        assert (lead.model_dump(), heard(lead)) == (before, [])


def test_answers_of_the_first_attempt_that_come_late_change_nothing_in_the_second() -> None:
    """LEAD-13."""
    lead = a_lead()
    start(lead, on_duplicate="reject")
    refuse(lead)
    start(lead)
    resolve(lead, attempt=2, contact=contact_ref())
    heard(lead)
    before = lead.model_dump()
    refuse(lead)
    resolve(lead, contact=contact_ref("bob"))
    opened(lead)
    assert (lead.model_dump(), heard(lead)) == (before, [])


@pytest.mark.parametrize("targets", [("contact", "company", "deal"), ("contact", "deal"), ("contact",), ("deal",)])
def test_every_answer_twice_is_the_same_as_once(targets: tuple[ConversionTarget, ...]) -> None:
    """LEAD-13."""

    def converted(times: int) -> tuple[dict[str, Any], list[Any]]:
        lead = a_lead(**a_person())
        start(lead, *targets)
        for _ in range(times):
            resolve(
                lead,
                contact=contact_ref() if "contact" in targets else None,
                company=company_ref() if "company" in targets else None,
            )
        for _ in range(times):
            opened(lead)
        return lead.model_dump(), heard(lead)

    assert converted(2) == converted(1)
    assert converted(1)[0]["conversion"]["state"] == "done"


def test_a_refusal_counts_once() -> None:
    """LEAD-13."""
    lead = a_lead()
    start(lead)
    heard(lead)
    refuse(lead)
    refuse(lead, code="something_else")
    assert types(lead) == [LeadConversionRefused]
    assert lead.conversion.code == "duplicates_found"


def test_a_deal_that_comes_before_the_client_is_ignored() -> None:
    """LEAD-13."""
    lead = a_lead()
    start(lead)
    heard(lead)
    opened(lead)
    assert (heard(lead), lead.deal_ids) == ([], ())


@pytest.mark.parametrize("state", ["running", "done"])
def test_the_same_wish_again_changes_nothing(state: str) -> None:
    """LEAD-13."""
    lead = a_converted_lead() if state == "done" else a_lead()
    if state == "running":
        start(lead, "contact", "deal")
        heard(lead)
    before = lead.model_dump()
    for targets in ((), ("contact", "deal"), ("deal", "contact")):
        lead.start_conversion(
            a_wish(*targets), new_id=ids("other"), by="user:bob", at=later(9), correlation_id="chain-2"
        )
    assert (lead.model_dump(), heard(lead)) == (before, [])


def test_another_wish_while_one_is_under_way_has_to_wait() -> None:
    """LEAD-13."""
    lead = a_lead()
    start(lead)
    heard(lead)
    before = lead.model_dump()
    for wish in (a_wish("deal"), a_wish("contact", "deal", on_duplicate="reject")):
        with pytest.raises(ConversionRunning) as refused:
            lead.start_conversion(wish, new_id=ids(), by=ANNA, at=NOON, correlation_id="chain-1")
        assert isinstance(refused.value, Refused)
    assert (lead.model_dump(), heard(lead)) == (before, [])


def test_a_converted_lead_is_not_converted_into_something_else() -> None:
    """LEAD-13."""
    lead = a_converted_lead()
    before = lead.model_dump()
    with pytest.raises(LeadAlreadyConverted) as refused:
        start(lead, "contact", "company", "deal")
    assert refused.value.code == "lead_already_converted"
    assert (lead.model_dump(), heard(lead)) == (before, [])


def test_a_converted_lead_that_got_a_new_client_still_gives_its_first_answer() -> None:
    """LEAD-13."""
    lead = a_converted_lead()
    lead.set_client(set_company(lead.client, "acme"), by=ANNA, at=NOON)
    heard(lead)
    assert lead.is_repeat
    start(lead)
    start(lead, "contact", "deal")
    assert heard(lead) == []


def test_the_data_are_frozen_when_the_conversion_starts() -> None:
    """LEAD-12, LEAD-13."""
    lead = a_lead(**a_person(), priced=priced(a_row(), amount="10"))
    start(lead)
    (asked,) = heard(lead)
    changes = {"first_name": "Eve", "title": "Something else", "comments": "changed", "phones": ()}
    lead.correct(changes, by=ANNA, at=later(1))
    lead.set_rows(priced(a_row("row-2", price="99"), amount="99"), by=ANNA, at=later(1))
    wake(lead, at=later(1))
    again = heard(lead)[-1]
    assert again.snapshot == asked.snapshot
    assert asked.snapshot.first_name == "Ada"
    resolve(lead, contact=contact_ref())
    (deal,) = heard(lead)
    assert (deal.draft.title, deal.draft.comments) == ("Pumps for ACME", "asked for a call")
    assert (deal.draft.rows, deal.draft.amount.value) == ((a_row(),), 10)


def test_a_new_attempt_takes_the_data_of_its_own_moment() -> None:
    """LEAD-13."""
    lead = a_lead(**a_person())
    start(lead)
    refuse(lead)
    lead.correct({"first_name": "Eve"}, by=ANNA, at=later(1))
    heard(lead)
    start(lead)
    assert heard(lead)[0].snapshot.first_name == "Eve"


def test_contact_data_that_cannot_be_normalised_are_copied_as_they_were_typed() -> None:
    """LEAD-12: none is lost."""
    lead = a_lead(
        phones=(a_phone(), a_phone("call me", None)), emails=(an_email("at home", None), an_email()), first_name="Ada"
    )
    start(lead)
    (asked,) = heard(lead)
    assert asked.snapshot.phones == (a_phone(), a_phone("call me", None))
    assert asked.snapshot.emails == (an_email("at home", None), an_email())


def test_proposed_ids_are_never_shown() -> None:
    """LEAD-13."""
    lead = a_lead()
    start(lead, "contact", "company", "deal")
    proposed = {CONTACT, COMPANY, DEAL}
    steps: list[Callable[[], None]] = [
        lambda: refuse(lead),
        lambda: start(lead, "contact", "company", "deal"),
        lambda: resolve(lead, attempt=2, contact=contact_ref(), company=company_ref()),
        lambda: opened(lead, attempt=2),
    ]
    for step in steps:
        shown = ConversionOut.of(lead.conversion).model_dump_json() + lead.state.model_dump_json()
        shown += LeadOut.of(lead).model_dump_json()
        assert not [id_ for id_ in proposed if f'"{id_}"' in shown]
        step()
    assert ConversionOut.of(lead.conversion).deal == deal_ref()


def test_a_lead_that_was_never_converted_shows_no_conversion() -> None:
    out = ConversionOut.of(a_lead().conversion)
    assert (out.state, out.conversion_id, out.attempt, out.targets) == ("none", None, 0, ())


def test_while_it_is_converted_stage_and_client_of_a_lead_stand_still() -> None:
    """LEAD-13."""
    lead = a_lead()
    start(lead)
    heard(lead)
    before = lead.model_dump()
    with pytest.raises(ConversionRunning):
        lead.move(LEAD_STAGES.get("JUNK"), LEAD_STAGES.first, by=ANNA, at=NOON)
    with pytest.raises(ConversionRunning):
        lead.set_client(a_client("ada"), by=ANNA, at=NOON)
    assert (lead.model_dump(), heard(lead)) == (before, [])
    refuse(lead)
    lead.move(LEAD_STAGES.get("JUNK"), LEAD_STAGES.first, by=ANNA, at=NOON)
    assert lead.stage_id == "JUNK"


def in_converted_without_a_conversion() -> Lead:
    """As one could be moved by hand before (ADR 0036)."""
    lead = a_lead()
    lead.move(LEAD_STAGES.success, LEAD_STAGES.first, by=ANNA, at=NOON)
    heard(lead)
    return lead


def test_a_lead_that_was_moved_to_converted_by_hand_once_may_leave_it() -> None:
    """LEAD-11: stage and conversion agree again."""
    lead = in_converted_without_a_conversion()
    lead.move_by_hand(LEAD_STAGES.get("NEW"), LEAD_STAGES.first, by=ANNA, at=NOON)
    assert lead.stage_id == "NEW"


def test_a_converted_lead_that_was_moved_away_once_may_go_back_to_converted() -> None:
    """LEAD-11."""
    lead = a_converted_lead()
    lead.move(LEAD_STAGES.get("NEW"), LEAD_STAGES.first, by=ANNA, at=NOON)
    with pytest.raises(LeadAlreadyConverted):
        lead.move_by_hand(LEAD_STAGES.get("JUNK"), LEAD_STAGES.first, by=ANNA, at=NOON)
    lead.move_by_hand(LEAD_STAGES.success, LEAD_STAGES.first, by=ANNA, at=NOON)
    assert lead.stage_id == "CONVERTED"


def test_a_lead_that_was_moved_to_converted_by_hand_once_can_still_be_converted() -> None:
    """LEAD-11."""
    lead = in_converted_without_a_conversion()
    start(lead)
    resolve(lead, contact=contact_ref())
    heard(lead)
    opened(lead)
    assert types(lead) == [LeadConverted]
    assert (lead.converted, lead.closed_at, lead.updated_at) == (True, NOON, later(2))


def test_a_company_whose_contacts_are_still_on_their_way_may_arrive_during_a_conversion() -> None:
    """CLI-07, LEAD-13."""
    lead = a_lead(client=set_company(Client(), "acme"))
    start(lead)
    lead.attach_contacts(
        link_no=1, company=company_ref(), contacts=(contact_ref(),), truncated=False, by=ANNA, at=later(1)
    )
    opened(lead)
    assert (lead.client.contact_id, lead.client.link_state, lead.conversion.state) == ("ada", "done", "done")


@pytest.mark.parametrize("targets", [("contact", "deal"), ("deal",)])
def test_silence_asks_the_same_attempt_again(targets: tuple[ConversionTarget, ...]) -> None:
    """LEAD-13."""
    lead = a_lead(**a_person())
    start(lead, *targets)
    asked = heard(lead)[-1]
    wake(lead, at=later(0.9))
    assert heard(lead) == []
    wake(lead, at=later(5))
    assert heard(lead) == [asked]
    wake(lead, at=later(6))
    assert heard(lead) == []
    assert (lead.conversion.attempt, lead.conversion.repeats) == (1, 1)


@pytest.mark.parametrize("targets", [("contact", "deal"), ("deal",)])
def test_a_request_that_is_never_answered_is_repeated_ever_more_rarely_and_refused_in_the_end(
    targets: tuple[ConversionTarget, ...],
) -> None:
    """LEAD-13: a retry may follow, and proposes the same ids, under which late results are found."""
    lead = a_lead(**a_person())
    start(lead, *targets)
    (*_, asked) = heard(lead)
    moments: list[int] = []
    for minute in range(1, 10_000):
        wake(lead, at=later(minute))
        repeated = heard(lead)
        if lead.conversion.state == "refused":
            break
        assert repeated in ([], [asked])
        moments += [minute] if repeated else []
    assert len(moments) == MAX_REPEATS
    assert [after - before for before, after in pairwise(moments)] == [2**n for n in range(1, MAX_REPEATS)]
    (refused,) = repeated
    assert isinstance(refused, LeadConversionRefused)
    assert (refused.code, lead.conversion.code) == (NO_ANSWER, NO_ANSWER)
    start(lead, *targets)
    assert (lead.conversion.attempt, lead.conversion.repeats) == (2, 0)
    assert lead.conversion.proposed_deal_id == DEAL


def test_each_step_of_a_conversion_has_its_own_repeats() -> None:
    """LEAD-13."""
    lead = a_lead()
    start(lead)
    wake(lead, at=later(1))
    resolve(lead, contact=contact_ref())
    assert lead.conversion.repeats == 0


def test_after_a_taken_id_another_one_is_proposed_for_what_is_still_missing() -> None:
    """LEAD-13: and what exists already is kept."""
    lead = a_lead()
    start(lead, "contact", "company", "deal")
    lead.refuse_conversion(CONVERSION, 1, code=ID_TAKEN, message="taken", found=ResolvedClient(company=company_ref()))
    refused = heard(lead)[-1]
    assert (refused.code, refused.existing) == (ID_TAKEN, (company_ref(),))
    start(lead, "contact", "company", "deal")
    (asked,) = heard(lead)
    assert (asked.client_targets, asked.company) == (("contact",), company_ref())
    assert asked.proposed_contact_id == derived_id("proposed", CONVERSION, 2, "contact")
    resolve(lead, attempt=2, contact=contact_ref())
    assert heard(lead)[-1].proposed_deal_id == DEAL  # under which deals may have opened one unheard
    lead.refuse_conversion(CONVERSION, 2, code=ID_TAKEN, message="taken")
    start(lead, "contact", "company", "deal")
    assert heard(lead)[-1].proposed_deal_id == derived_id("proposed", CONVERSION, 3, "deal")


def test_proposed_ids_are_of_the_form_that_no_caller_may_choose() -> None:
    """LEAD-13."""
    assert all(is_derived(id_) for id_ in (CONTACT, COMPANY, DEAL))


def test_after_the_client_part_silence_asks_deals_again() -> None:
    """LEAD-13."""
    lead = a_lead()
    start(lead)
    resolve(lead, contact=contact_ref())
    asked = heard(lead)[-1]
    wake(lead, at=later(5))
    assert heard(lead) == [asked]


@pytest.mark.parametrize("end", ["none", "refused", "done"])
def test_nobody_asks_again_when_no_conversion_runs(end: str) -> None:
    """LEAD-13."""
    lead = a_converted_lead() if end == "done" else a_lead()
    if end == "refused":
        start(lead)
        refuse(lead)
        heard(lead)
    wake(lead, at=later(100))
    assert (heard(lead), lead.wake_at) == ([], None)


CLIENT = ResolvedClient(contact=contact_ref(), company=company_ref(), duplicates=(contact_ref("bob"),))


def test_the_request_to_clients_takes_the_deal_along() -> None:
    """LEAD-11, LEAD-12: so that deals opens it as soon as the client is there."""
    lead = a_lead(**a_person(), priced=priced(a_row(), amount="10"))
    start(lead, pipeline_id="vip")
    (asked,) = heard(lead)
    assert asked.deal is not None
    assert asked.deal.proposed_deal_id == DEAL
    draft = asked.deal.draft
    assert (draft.title, draft.rows, draft.amount.value, draft.pipeline_id) == (lead.title, (a_row(),), 10, "vip")


def test_a_conversion_without_a_deal_takes_none_along() -> None:
    """LEAD-11."""
    lead = a_lead(**a_person())
    start(lead, "contact", "company")
    (asked,) = heard(lead)
    assert asked.deal is None


def test_a_deal_with_its_client_ends_the_conversion_in_one_step() -> None:
    """LEAD-11, LEAD-14."""
    lead = a_lead(**a_person())
    start(lead, "contact", "company", "deal")
    heard(lead)
    opened(lead, found=CLIENT)
    converted, moved = heard(lead)
    assert isinstance(converted, LeadConverted)
    assert (converted.contact, converted.company, converted.deal) == (contact_ref(), company_ref(), deal_ref())
    assert isinstance(moved, LeadStageChanged)
    assert (lead.client.contact_id, lead.client.company, lead.deal_ids) == ("ada", company_ref(), ("deal-1",))
    assert (lead.conversion.state, lead.conversion.duplicates) == ("done", CLIENT.duplicates)
    opened(lead, found=CLIENT)
    assert heard(lead) == []


@pytest.mark.parametrize(
    ("attempt", "conversion_id", "found"), [(1, CONVERSION, CLIENT), (2, "another", CLIENT), (2, CONVERSION, None)]
)
def test_the_deal_of_another_attempt_or_without_the_client_that_is_missing_ends_nothing(
    attempt: int, conversion_id: str, found: ResolvedClient | None
) -> None:
    """LEAD-13: the second attempt is running."""
    lead = a_lead(**a_person())
    start(lead)
    refuse(lead)
    start(lead)
    before = (lead.model_dump(), heard(lead))[0]
    opened(lead, attempt=attempt, conversion_id=conversion_id, found=found)
    assert (lead.model_dump(), heard(lead)) == (before, [])


def test_after_a_refusal_by_deals_the_client_stays_and_a_retry_asks_for_the_deal_alone() -> None:
    """LEAD-13."""
    lead = a_lead(**a_person())
    start(lead, "contact", "company", "deal")
    heard(lead)
    lead.refuse_conversion(CONVERSION, 1, code="pipeline_not_found", message="no", found=CLIENT)
    (refused,) = heard(lead)
    assert refused.existing == (contact_ref(), company_ref())
    start(lead, "contact", "company", "deal")
    begun, asked = heard(lead)
    assert (begun.client_targets, begun.deal) == ((), None)
    assert isinstance(asked, LeadDealRequested)
    assert (asked.attempt, asked.proposed_deal_id, asked.draft.company) == (2, DEAL, company_ref())
    assert [link.contact_id for link in asked.draft.contacts] == ["ada"]


def test_a_retry_for_the_missing_half_of_the_client_takes_the_deal_along_with_the_other_half() -> None:
    """LEAD-13."""
    lead = a_lead(**a_person())
    start(lead, "contact", "company", "deal")
    lead.refuse_conversion(CONVERSION, 1, code="x", message="no", found=ResolvedClient(company=company_ref()))
    start(lead, "contact", "company", "deal")
    asked = heard(lead)[-1]
    assert (asked.client_targets, asked.deal.draft.company) == (("contact",), company_ref())
    opened(lead, attempt=2, found=ResolvedClient(contact=contact_ref()))
    converted = heard(lead)[0]
    assert (converted.contact, converted.company) == (contact_ref(), company_ref())


@pytest.mark.parametrize(("more", "is_forwarded"), [(0, True), (1, False)])
def test_a_draft_too_large_to_be_passed_on_is_asked_for_after_the_client(more: int, *, is_forwarded: bool) -> None:
    """LEAD-13: no event is larger than it may be, and nothing is refused for that."""
    lead = a_lead()
    room = MAX_FORWARDED_BYTES - size_of(draft_of(lead.state, "default")) + len("null") - len('""')
    lead = a_lead(comments="x" * (room + more))
    start(lead)
    (asked,) = heard(lead)
    assert (asked.deal is not None) == is_forwarded
    resolve(lead, contact=contact_ref())
    (then,) = heard(lead)
    assert isinstance(then, LeadDealRequested)
