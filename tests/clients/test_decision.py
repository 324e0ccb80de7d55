"""What becomes of a lead's contact and company, decided from who has the same phone or e-mail (LEAD-12)."""

import pytest
from crm_contracts.client_answers import LeadClientRefused, LeadClientResolved
from crm_contracts.values import ConversionTarget, ElementRef, OnDuplicate

from services.clients.conversion.domain.claim import claim_keys
from services.clients.conversion.domain.decision import Decision, TargetDecision, decide
from services.clients.conversion.domain.resolution import Resolution
from tests.builders.causes import NOON
from tests.builders.leads import LEAD_REF, a_question
from tests.builders.values import company_ref, contact_ref

ADA, BOB, ACME, BELL = contact_ref("ada"), contact_ref("bob"), company_ref("acme"), company_ref("bell")
NEW_CONTACT = TargetDecision(action="create", ref=ElementRef(type="contact", id="contact-of-lead-1"))
NEW_COMPANY = TargetDecision(action="create", ref=ElementRef(type="company", id="company-of-lead-1", title="ACME GmbH"))
BOTH: tuple[ConversionTarget, ...] = ("contact", "company")


def linked(ref: ElementRef) -> TargetDecision:
    return TargetDecision(action="link", ref=ref)


@pytest.mark.parametrize("how", ["create", "link", "reject"])
def test_without_a_match_everything_is_created(how: OnDuplicate) -> None:
    """LEAD-12."""
    assert decide(a_question(*BOTH, on_duplicate=how), [], []) == Decision(contact=NEW_CONTACT, company=NEW_COMPANY)


@pytest.mark.parametrize("contacts", [[ADA], [ADA, BOB]])
def test_create_only_mentions_its_matches(contacts: list[ElementRef]) -> None:
    """LEAD-12."""
    decision = decide(a_question(*BOTH, on_duplicate="create"), contacts, [ACME])
    assert decision == Decision(contact=NEW_CONTACT, company=NEW_COMPANY, duplicates=(*contacts, ACME))


def test_link_takes_a_match_that_is_the_only_one_of_its_kind() -> None:
    """LEAD-12."""
    asked = a_question(*BOTH, on_duplicate="link")
    assert decide(asked, [ADA], [ACME]) == Decision(contact=linked(ADA), company=linked(ACME), duplicates=(ADA, ACME))
    assert decide(asked, [ADA], []) == Decision(contact=linked(ADA), company=NEW_COMPANY, duplicates=(ADA,))
    assert decide(asked, [], [ACME]) == Decision(contact=NEW_CONTACT, company=linked(ACME), duplicates=(ACME,))


@pytest.mark.parametrize(("contacts", "companies"), [([ADA, BOB], []), ([], [ACME, BELL]), ([ADA], [ACME, BELL])])
def test_link_refuses_to_choose_among_several(contacts: list[ElementRef], companies: list[ElementRef]) -> None:
    """LEAD-12."""
    decision = decide(a_question(*BOTH, on_duplicate="link"), contacts, companies)
    assert decision == Decision(is_refused=True, duplicates=(*contacts, *companies))


@pytest.mark.parametrize(("contacts", "companies"), [([ADA], []), ([], [ACME]), ([ADA, BOB], [ACME])])
def test_reject_refuses_any_match(contacts: list[ElementRef], companies: list[ElementRef]) -> None:
    """LEAD-12."""
    decision = decide(a_question(*BOTH, on_duplicate="reject"), contacts, companies)
    assert decision == Decision(is_refused=True, duplicates=(*contacts, *companies))


@pytest.mark.parametrize("how", ["link", "reject"])
def test_a_match_of_a_kind_that_is_not_wanted_stands_in_nobody_s_way(how: OnDuplicate) -> None:
    """LEAD-12."""
    decision = decide(a_question("contact", on_duplicate=how), [], [ACME, BELL])
    assert decision == Decision(contact=NEW_CONTACT, duplicates=(ACME, BELL))
    decision = decide(a_question("company", on_duplicate=how), [ADA, BOB], [])
    assert decision == Decision(company=NEW_COMPANY, duplicates=(ADA, BOB))


@pytest.mark.parametrize("how", ["create", "link", "reject"])
def test_what_an_earlier_attempt_made_is_no_duplicate(how: OnDuplicate) -> None:
    """LEAD-13."""
    asked = a_question("company", targets=("contact", "company"), attempt=2, on_duplicate=how)
    assert decide(asked, [contact_ref(asked.proposed_contact_id)], []) == Decision(company=NEW_COMPANY)


def test_everybody_claims_in_the_same_order_and_each_key_once() -> None:
    """LEAD-13."""
    keys = claim_keys(["+492", "+491", "+492"], ["b@x.example", "a@x.example"])
    assert keys == ["email:a@x.example", "email:b@x.example", "phone:+491", "phone:+492"]


def test_each_attempt_has_a_resolution_of_its_own() -> None:
    """LEAD-13."""
    ids = {Resolution.id_for(a_question(attempt=attempt)) for attempt in (1, 1, 2)}
    assert len(ids) == 2


def test_a_resolution_answers_once_and_says_what_it_created() -> None:
    """LEAD-12, LEAD-13."""
    asked = a_question(*BOTH)
    resolution = Resolution.create(asked, decide(asked, [ADA], []), at=NOON)
    assert not resolution.recorded
    made = company_ref("company-of-lead-1")
    for _ in range(2):
        resolution.finish(to="event-1", contact=ADA, company=made)
    answer = LeadClientResolved(
        lead=LEAD_REF,
        conversion_id="conversion-1",
        attempt=1,
        contact=ADA,
        company=made,
        created=(made,),
        duplicates=(ADA,),
    )
    assert list(resolution.recorded) == [answer]
    assert resolution.answer == answer


def test_a_refusal_names_the_candidates() -> None:
    """LEAD-12."""
    asked = a_question(*BOTH, on_duplicate="reject")
    resolution = Resolution.create(asked, decide(asked, [ADA], [ACME]), at=NOON)
    resolution.finish(to="event-1", contact=None, company=None)
    (refused,) = resolution.recorded
    assert isinstance(refused, LeadClientRefused)
    assert (refused.code, refused.candidates) == ("duplicates_found", (ADA, ACME))
