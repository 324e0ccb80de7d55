"""What becomes of a lead's contact and company, decided from who has the same phone or e-mail (LEAD-12)."""

from typing import Any

import pytest
from crm_contracts.client_answers import LeadClientRefused, LeadClientResolved
from crm_contracts.values import ConversionTarget, ElementRef, OnDuplicate

from services.clients.conversion.domain.claim import claims_of
from services.clients.conversion.domain.decision import Decision, TargetDecision, decide
from services.clients.conversion.domain.resolution import Resolution
from services.clients.conversion.domain.same_client import OnOtherName, SameClient
from services.clients.conversion.domain.sought import Sought
from services.clients.records.domain.company import Company
from services.clients.records.domain.contact import Contact
from services.clients.settings import ClientsSettings
from tests.builders.causes import NOON
from tests.builders.clients import a_company, a_contact
from tests.builders.leads import LEAD_REF, a_question
from tests.builders.values import a_phone, an_email, company_ref

ADA, BOB = (a_contact(id_, phones=(a_phone(),)) for id_ in ("ada", "bob"))
ACME, BELL = (a_company(id_, emails=(an_email(),)) for id_ in ("acme", "bell"))
NEW_CONTACT = TargetDecision(action="create", ref=ElementRef(type="contact", id="contact-of-lead-1"))
NEW_COMPANY = TargetDecision(action="create", ref=ElementRef(type="company", id="company-of-lead-1", title="ACME GmbH"))
BOTH: tuple[ConversionTarget, ...] = ("contact", "company")


def refs(*records: Contact | Company) -> tuple[ElementRef, ...]:
    return tuple(record.ref for record in records)


def linked(decision: Decision) -> tuple[str | None, str | None]:
    """Ids of what is linked."""
    contact, company = (
        each.ref.id if each and each.action == "link" else None for each in (decision.contact, decision.company)
    )
    return contact, company


@pytest.mark.parametrize("how", ["create", "link", "reject"])
def test_without_a_match_everything_is_created(how: OnDuplicate) -> None:
    """LEAD-12."""
    assert decide(a_question(*BOTH, on_duplicate=how), [], []) == Decision(contact=NEW_CONTACT, company=NEW_COMPANY)


@pytest.mark.parametrize("contacts", [[ADA], [ADA, BOB]])
def test_create_only_mentions_its_matches(contacts: list[Contact]) -> None:
    """LEAD-12."""
    decision = decide(a_question(*BOTH, on_duplicate="create"), contacts, [ACME])
    assert decision == Decision(contact=NEW_CONTACT, company=NEW_COMPANY, duplicates=refs(*contacts, ACME))


def test_link_takes_a_match_that_is_the_only_one_of_its_kind() -> None:
    """LEAD-12."""
    asked = a_question(*BOTH, on_duplicate="link")
    decision = decide(asked, [ADA], [ACME])
    assert (linked(decision), decision.duplicates) == (("ada", "acme"), refs(ADA, ACME))
    decision = decide(asked, [ADA], [])
    assert (linked(decision), decision.company) == (("ada", None), NEW_COMPANY)
    decision = decide(asked, [], [ACME])
    assert (linked(decision), decision.contact) == ((None, "acme"), NEW_CONTACT)


@pytest.mark.parametrize(("contacts", "companies"), [([ADA, BOB], []), ([], [ACME, BELL]), ([ADA], [ACME, BELL])])
def test_link_refuses_to_choose_among_several(contacts: list[Contact], companies: list[Company]) -> None:
    """LEAD-12."""
    decision = decide(a_question(*BOTH, on_duplicate="link"), contacts, companies)
    assert decision == Decision(is_refused=True, duplicates=refs(*contacts, *companies))


def test_where_the_contact_is_chosen_companies_alone_are_candidates() -> None:
    """LEAD-12: what a person has decided is asked no more."""
    decision = decide(a_question(*BOTH, on_duplicate="link"), [ADA, BOB], [ACME, BELL], chosen=[ADA])
    assert decision == Decision(is_refused=True, duplicates=refs(ACME, BELL))


@pytest.mark.parametrize(("contacts", "companies"), [([ADA], []), ([], [ACME]), ([ADA, BOB], [ACME])])
def test_reject_refuses_any_match(contacts: list[Contact], companies: list[Company]) -> None:
    """LEAD-12."""
    decision = decide(a_question(*BOTH, on_duplicate="reject"), contacts, companies)
    assert decision == Decision(is_refused=True, duplicates=refs(*contacts, *companies))


@pytest.mark.parametrize("how", ["link", "reject"])
def test_a_match_of_a_kind_that_is_not_wanted_stands_in_nobody_s_way(how: OnDuplicate) -> None:
    """LEAD-12."""
    decision = decide(a_question("contact", on_duplicate=how), [], [ACME, BELL])
    assert decision == Decision(contact=NEW_CONTACT, duplicates=refs(ACME, BELL))
    decision = decide(a_question("company", on_duplicate=how), [ADA, BOB], [])
    assert decision == Decision(company=NEW_COMPANY, duplicates=refs(ADA, BOB))


@pytest.mark.parametrize("how", ["create", "link", "reject"])
def test_what_an_earlier_attempt_made_is_no_duplicate(how: OnDuplicate) -> None:
    """LEAD-13."""
    asked = a_question("company", targets=("contact", "company"), attempt=2, on_duplicate=how)
    assert decide(asked, [a_contact(asked.proposed_contact_id, phones=(a_phone(),))], []) == Decision(
        company=NEW_COMPANY
    )


@pytest.mark.parametrize("how", ["create", "link", "reject"])
def test_what_the_caller_has_chosen_is_linked_whoever_else_there_is(how: OnDuplicate) -> None:
    """LEAD-12."""
    asked = a_question("contact", on_duplicate=how, contact_id="bob")
    decision = decide(asked, [ADA, BOB], [], SameClient(), [BOB])
    assert (linked(decision), decision.duplicates) == (("bob", None), refs(ADA, BOB))


@pytest.mark.parametrize(
    ("person", "same"),
    [
        ({"first_name": "ADA"}, True),
        ({"first_name": "Lovelace", "last_name": "Ada"}, True),
        ({"first_name": "A.", "last_name": "Lovelace"}, True),
        ({"first_name": "Ada King", "last_name": "Lovelace"}, True),
        ({"first_name": None}, True),
        ({"first_name": None, "last_name": None}, True),
        ({"first_name": "Bruno"}, False),
        ({"first_name": "B."}, False),
        ({"last_name": "Byron"}, False),
        ({"first_name": "Byron", "last_name": None}, False),
    ],
)
def test_a_phone_is_enough_for_a_name_that_agrees_as_far_as_it_is_known(person: dict[str, Any], *, same: bool) -> None:
    """LEAD-12."""
    decision = decide(a_question("contact", **person), [ADA], [])
    assert (linked(decision)[0], decision.is_refused) == (("ada", False) if same else (None, True))
    assert decision.duplicates == refs(ADA)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Greta Sommer", "G. Sommer", True),
        ("Greta Sommer", "Sommer", True),
        ("Greta Sommer", "Greta", True),
        ("Greta Sommer", "Greta Sommer-Mai", True),
        ("Greta M. Sommer", "G. Sommer", True),
        ("Greta Maria Sommer", "G. M. Sommer", True),
        ("Greta Sommer", "G. Sommer-Mai", False),
        ("Greta Sommer-Mai", "G. Sommer", False),
        ("Greta Sommer", "G. S.", False),
        ("Greta Sommer", "G.", False),
        ("Anna Anders", "A. Berg", False),
        ("Anna A. Berg", "Alma A. Berg", False),
    ],
)
def test_an_initial_is_enough_only_where_nothing_else_differs(one: str, other: str, *, same: bool) -> None:
    """LEAD-12: whichever of the two the lead has."""
    for lead, known in ((one, other), (other, one)):
        contact = a_contact("greta", phones=(a_phone(),), first_name=None, last_name=known)
        decision = decide(a_question("contact", first_name=None, last_name=lead), [contact], [])
        assert (linked(decision)[0], decision.is_refused) == (("greta", False) if same else (None, True))


def test_among_many_with_one_phone_the_candidates_to_choose_from_are_named() -> None:
    """LEAD-12: those with the name first, and companies only where one is wanted."""
    others = [a_contact(f"other-{n}", phones=(a_phone(),), first_name="Bruno") for n in range(25)]
    namesakes = [ADA, a_contact("ada-2", phones=(a_phone(),))]
    refused = decide(a_question("contact"), [*others, *namesakes], [ACME])
    assert refused == Decision(is_refused=True, duplicates=refs(*namesakes, *others[:18]))
    refused = decide(a_question(*BOTH), [*others, ADA], [ACME, BELL])
    assert refused == Decision(is_refused=True, duplicates=refs(ADA, *others[:19], ACME, BELL))


@pytest.mark.parametrize(("on_other_name", "outcome"), [("refuse", None), ("create", "create"), ("link", "link")])
def test_what_becomes_of_another_name_is_a_setting(on_other_name: OnOtherName, outcome: str | None) -> None:
    """LEAD-12."""
    decision = decide(a_question("contact", first_name="Bruno"), [ADA], [], SameClient(on_other_name))
    assert (decision.contact and decision.contact.action, decision.is_refused) == (outcome, outcome is None)


def test_the_rule_is_set_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """LEAD-12."""
    assert ClientsSettings().same_client == SameClient()
    monkeypatch.setenv("CRM_ON_OTHER_NAME", "link")
    monkeypatch.setenv("CRM_SHARED_MAILBOXES", '["hola"]')
    assert ClientsSettings().same_client == SameClient("link", frozenset({"hola"}))


@pytest.mark.parametrize("on_other_name", ["refuse", "create", "link"])
def test_of_several_with_one_phone_the_one_with_the_name_is_linked(on_other_name: OnOtherName) -> None:
    """LEAD-12."""
    bruno, only = (
        a_contact("bruno", phones=(a_phone(),), first_name="Bruno"),
        a_contact("l", phones=(a_phone(),), first_name=None),
    )
    asked = a_question("contact")
    assert linked(decide(asked, [bruno, only, ADA], [], SameClient(on_other_name))) == ("ada", None)


@pytest.mark.parametrize(
    ("email", "phone"),
    [
        ("info@acme.example", None),
        ("no-reply@acme.example", None),
        ("test1@acme.example", None),
        ("Office.2@acme.example", None),
        ("kontakt+web@acme.example", None),
        (None, "000000"),
        (None, "4711"),
    ],
)
def test_an_address_of_many_is_not_enough_alone(email: str | None, phone: str | None) -> None:
    """LEAD-12: with the whole name it is, and otherwise it hinders nobody."""
    points: dict[str, Any] = {
        "emails": (an_email(email, normalized=email.lower()),) if email else (),
        "phones": (a_phone(phone, normalized=None),) if phone else (),
    }
    known = a_contact("ada", **points)
    assert linked(decide(a_question("contact", **points), [known], [])) == ("ada", None)
    for person in ({"first_name": "Bruno"}, {"first_name": None}, {"first_name": None, "last_name": None}):
        for how in ("link", "reject"):
            decision = decide(a_question("contact", on_duplicate=how, **points, **person), [known], [])
            assert decision == Decision(contact=NEW_CONTACT, duplicates=refs(known)), person


@pytest.mark.parametrize(
    ("ours", "theirs", "outcome"),
    [
        ("030 901820 ext. 12", "030 901820 ext. 13", "create"),
        ("030 901820 ext. 12", "030 901820", "create"),
        ("030 901820 ext. 12", "+49 30 901820 x12", "link"),
    ],
)
def test_an_extension_is_part_of_the_phone_that_is_enough(ours: str, theirs: str, outcome: str) -> None:
    """LEAD-12: two people at one switchboard are listed, and neither linked nor in the way."""
    known = a_contact("ada", phones=(a_phone(theirs),), emails=())
    unnamed: tuple[dict[str, Any], ...] = ({"first_name": None}, {"first_name": None, "last_name": None})
    for person in unnamed:
        decision = decide(a_question("contact", phones=(a_phone(ours),), **person), [known], [])
        assert (decision.contact and decision.contact.action, decision.duplicates) == (outcome, refs(known))


@pytest.mark.parametrize(
    ("title", "known"),
    [
        ("acme gmbh", "ACME GmbH"),
        ("ACME", "ACME  GmbH & Co. KG"),
        ("Acme Ltd.", "ACME Limited"),
        ("Acme, Inc.", "ACME"),
        ("Acme S.A.", "Acme SA"),
        ("Acme S. à r. l.", "ACME"),
        ("Café Acme Ltda", "cafe acme"),
        ("Tech Haus AG", "TechHaus"),
        ("株式会社田中商事", "田中商事"),
        ("Müller und Söhne OHG", "Muller & Sohne"),
        ("Meyer und Co. KG", "Meyer"),
        ("E.ON SE", "E.ON"),
    ],
)
def test_a_company_is_known_by_its_title_without_its_legal_form(title: str, known: str) -> None:
    """LEAD-12."""
    company = a_company("acme", title=known)
    decision = decide(a_question("company", company_title=title), [], [company])
    assert (linked(decision), decision.duplicates) == ((None, "acme"), refs(company))


@pytest.mark.parametrize("title", ["ACME Trading GmbH", "GmbH", "Bell", "ACM E2"])
def test_another_title_is_another_company(title: str) -> None:
    """LEAD-12."""
    decision = decide(a_question("company", company_title=title), [], [a_company("acme", title="ACME GmbH")])
    assert (linked(decision), decision.duplicates) == ((None, None), ())


@pytest.mark.parametrize(
    ("title", "known"),
    [
        ("E GmbH", "Y GmbH"),
        ("E.ON SE", "On GmbH"),
        ("Firma Y GmbH", "Firma GmbH"),
        ("王氏有限公司", "汪氏有限公司"),
        ("天鹅有限公司", "天有限公司"),
        ("华欧有限公司", "华有限公司"),
    ],
)
def test_titles_that_differ_in_one_word_or_sound_the_same_are_of_two_companies(title: str, known: str) -> None:
    """LEAD-12: nobody is linked in silence, even where the phone is the same."""
    company = a_company("acme", title=known, phones=(a_phone(),))
    assert linked(decide(a_question("company", company_title=title), [], [company], SameClient("create"))) == (
        None,
        None,
    )


@pytest.mark.parametrize(("title", "known"), [("***", "---"), ("有限公司", "株式会社")])
def test_titles_without_a_word_are_not_the_same(title: str, known: str) -> None:
    """LEAD-12."""
    asked = a_question(
        "company", company_title=title, emails=(an_email("info@acme.example", "info@acme.example"),), phones=()
    )
    company = a_company("acme", title=known, emails=(an_email("info@acme.example", "info@acme.example"),))
    assert linked(decide(asked, [], [company])) == (None, None)


def test_each_key_is_claimed_for_the_record_that_is_found_by_it() -> None:
    """LEAD-13: a company by its title when it exists itself, all else by the contact where one is created."""
    sought = Sought(("+492", "+491", "+492"), ("b@x.example", "a@x.example"), ("p:1174",), "acme")
    keys = ["email:a@x.example", "email:b@x.example", "phone:+491", "phone:+492", "typed:p:1174"]
    for targets, holder in ((BOTH, "contact-of-lead-1"), (("company",), "company-of-lead-1")):
        claims = claims_of(a_question(*targets), sought, "resolution-1")
        assert {key: claim.holder.id for key, claim in claims.items()} == {
            **dict.fromkeys(keys, holder),
            "title:acme": "company-of-lead-1",
        }


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
        resolution.finish(to="event-1", contact=ADA.ref, company=made)
    answer = LeadClientResolved(
        lead=LEAD_REF,
        conversion_id="conversion-1",
        attempt=1,
        contact=ADA.ref,
        company=made,
        created=(made,),
        duplicates=(ADA.ref,),
    )
    assert list(resolution.recorded) == [answer]
    assert resolution.answer() == answer


def test_a_refusal_names_the_candidates() -> None:
    """LEAD-12."""
    asked = a_question(*BOTH, on_duplicate="reject")
    resolution = Resolution.create(asked, decide(asked, [ADA], [ACME]), at=NOON)
    resolution.finish(to="event-1", contact=None, company=None)
    (refused,) = resolution.recorded
    assert isinstance(refused, LeadClientRefused)
    assert (refused.code, refused.candidates) == ("duplicates_found", refs(ADA, ACME))
