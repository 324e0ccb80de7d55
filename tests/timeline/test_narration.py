"""What each event means to each element that it names."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest
from crm_contracts import client_answers, contacts, conversions, deal_answers, deals, leads, registry, timeline
from crm_contracts.envelope import Envelope, Event
from crm_contracts.events import Answer, ElementAnswer, ElementEvent, StageChanged
from crm_contracts.values import ElementRef

from services.timeline.entry.domain.narration.line import Line
from services.timeline.entry.domain.narration.narrator import narrate, narrator_of
from tests.timeline.events import contacts_attached, ref, said, sampled

EVENTS = [pytest.param(event, id=ce_type) for ce_type, event in registry.EVENTS.items()]
KINDS = {
    "element_created",
    "element_modified",
    "stage_changed",
    "pipeline_changed",
    "converted",
    "linked",
    "unlinked",
    "child_created",
    "created_on_basis_of",
    "product_rows_changed",
    "process_step",
    "log_message",
}


def kinds(event: Envelope[Event]) -> Mapping[str, str]:
    return {str(line.element): line.kind for line in narrate(event)}


def line_of(event: Envelope[Event], element: str) -> Line:
    (line,) = [line for line in narrate(event) if str(line.element) == element]
    return line


@pytest.mark.parametrize("event", EVENTS)
def test_an_event_gives_one_line_to_each_element_that_it_names(event: type[Event]) -> None:
    """TL-01, TL-11."""
    lines = narrate(sampled(event))
    assert lines
    assert len({(line.element.type, line.element.id) for line in lines}) == len(lines)
    assert {line.kind for line in lines} <= KINDS


@pytest.mark.parametrize("event", EVENTS)
def test_a_line_is_one_line_of_text_and_a_few_plain_values(event: type[Event]) -> None:
    """TL-01: values that JSON has."""
    for line in narrate(sampled(event)):
        assert line.text == " ".join(line.text.split())
        assert 0 < len(line.text) < 300
        assert json.loads(json.dumps(line.payload)) == line.payload


@pytest.mark.parametrize("event", EVENTS)
def test_a_line_says_nothing_of_a_person_but_the_name(event: type[Event]) -> None:
    """TL-12 will mask more; contact data, birth dates and comments are not in the timeline at all."""
    sample = sampled(event)
    private = set(_private(json.loads(sample.body())))
    for line in narrate(sample):
        shown = f"{line.text} {json.dumps(line.payload)}"
        assert not [value for value in private if value in shown]


def _private(data: Any) -> list[str]:
    if isinstance(data, list):
        return [text for item in data for text in _private(item)]
    if not isinstance(data, dict):
        return []
    hidden = {"phones", "emails", "websites", "messengers", "address", "birth_date", "comments", "status_description"}
    return [text for name, value in data.items() if name in hidden for text in _texts(value)] + [
        text for name, value in data.items() if name not in hidden for text in _private(value)
    ]


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for name, item in value.items() if name not in {"kind", "type"} for text in _texts(item)]
    if isinstance(value, list):
        return [text for item in value for text in _texts(item)]
    return [value] if isinstance(value, str) and len(value) > 3 else []


@pytest.mark.parametrize("element", ["lead", "deal"])
def test_a_stage_change_tells_from_where_to_where(element: str) -> None:
    """TL-02, LEAD-07."""
    event: type[Event] = leads.LeadStageChanged if element == "lead" else deals.DealStageChanged
    sample = sampled(
        event, from_stage="NEW", to_stage="WON", from_semantic="P", to_semantic="S", **{element: _json(f"{element}:1")}
    )
    (line,) = narrate(sample)
    assert (str(line.element), line.kind, line.text) == (f"{element}:1", "stage_changed", "Moved from NEW to WON")
    assert line.payload == {"from": "NEW", "to": "WON", "from_semantic": "P", "to_semantic": "S"}


def _json(element: str, title: str | None = None) -> dict[str, Any]:
    return ref(element, title).model_dump()


def _deal(**changes: Any) -> Envelope[deals.DealCreated]:
    state = sampled(deals.DealCreated).data.deal.model_dump(mode="json")
    client = {
        "company": _json("company:acme", "ACME"),
        "contacts": [{"contact_id": "ada", "title": "Ada"}, {"contact_id": "bob", "title": "Bob"}],
    }
    return sampled(
        deals.DealCreated, deal={**state, "id": "d1", "title": "Pumps", "lead_id": None, "client": client, **changes}
    )


def test_a_new_deal_shows_in_the_timelines_of_its_client() -> None:
    """TL-03, CLI-07."""
    assert kinds(_deal()) == {
        "deal:d1": "element_created",
        "company:acme": "child_created",
        "contact:ada": "child_created",
        "contact:bob": "child_created",
    }
    assert line_of(_deal(), "contact:ada").payload == {"child": "deal:d1"}


def test_a_deal_made_from_a_lead_shows_in_the_timeline_of_both() -> None:
    """TL-03, DEAL-16: with one line each, the deal's says from what it was made."""
    event = _deal(lead_id="l1")
    assert kinds(event)["deal:d1"] == "created_on_basis_of"
    assert kinds(event)["lead:l1"] == "child_created"
    assert line_of(event, "deal:d1").payload == {"from": "lead:l1"}
    assert line_of(event, "lead:l1").payload == {"child": "deal:d1"}


def test_a_contact_made_by_a_conversion_shows_on_lead_and_company() -> None:
    """TL-03, COMP-04."""
    state = sampled(contacts.ContactCreated).data.contact.model_dump(mode="json")
    links = [{"company_id": "acme", "title": "ACME"}]
    event = sampled(contacts.ContactCreated, contact={**state, "id": "ada", "lead_id": "l1", "companies": links})
    assert kinds(event) == {"contact:ada": "created_on_basis_of", "lead:l1": "child_created", "company:acme": "linked"}


def test_attached_contacts_show_on_the_deal_the_company_and_each_contact() -> None:
    """CLI-07: linked and unlinked at once is linked."""
    event = contacts_attached("d1", "ada", "bob")
    gone = said(event.data.model_copy(update={"detached": (ref("contact:bob"), ref("contact:eve"))}))
    assert kinds(gone) == {
        "deal:d1": "linked",
        "company:acme": "linked",
        "contact:ada": "linked",
        "contact:bob": "linked",
        "contact:eve": "unlinked",
    }
    assert line_of(gone, "deal:d1").payload["contacts"] == ["contact:ada", "contact:bob"]
    assert line_of(gone, "contact:eve").text == "No longer linked to deal Pumps"


@pytest.mark.parametrize("event", [leads.LeadClientChanged, deals.DealClientChanged])
def test_a_change_of_client_shows_on_each_that_was_linked_or_unlinked(event: type[Event]) -> None:
    """CLI-06."""
    element = "lead" if event is leads.LeadClientChanged else "deal"
    before = {"company": _json("company:old", "Old"), "contacts": [{"contact_id": "ada", "title": "Ada"}]}
    after = {"company": _json("company:new", "New"), "contacts": [{"contact_id": "ada", "title": "Ada"}]}
    changed = sampled(event, before=before, after=after, **{element: _json(f"{element}:1", "Pumps")})
    assert kinds(changed) == {f"{element}:1": "linked", "company:new": "linked", "company:old": "unlinked"}
    assert line_of(changed, f"{element}:1").text == "Linked: New; No longer linked: Old"
    cleared = sampled(event, before=before, after={}, **{element: _json(f"{element}:1", "Pumps")})
    assert set(kinds(cleared).values()) == {"unlinked"}


@pytest.mark.parametrize("event", [leads.LeadCompanyUnlinked, deals.DealCompanyUnlinked])
def test_a_refused_company_is_unlinked_in_its_own_timeline_too(event: type[Event]) -> None:
    """CLI-07: which said that it was linked."""
    element = "lead" if event is leads.LeadCompanyUnlinked else "deal"
    sample = sampled(event, company=_json("company:gone"), **{element: _json(f"{element}:1", "Pumps")})
    assert kinds(sample) == {f"{element}:1": "unlinked", "company:gone": "unlinked"}
    client = {"company": _json("company:former"), "link_state": "refused"}
    kept = sampled(event, company=_json("company:gone"), client=client, **{element: _json(f"{element}:1", "Pumps")})
    assert kinds(kept) == {f"{element}:1": "unlinked", "company:gone": "unlinked", "company:former": "linked"}


def test_a_conversion_shows_on_the_lead_and_on_what_it_made() -> None:
    """LEAD-14, TL-03."""
    made = {"contact": _json("contact:ada"), "company": _json("company:acme"), "deal": _json("deal:d1")}
    event = sampled(conversions.LeadConverted, lead=_json("lead:l1", "Pumps"), **made)
    assert kinds(event) == dict.fromkeys(("lead:l1", "contact:ada", "company:acme", "deal:d1"), "converted")
    assert line_of(event, "deal:d1").text == "Lead Pumps was converted"
    only_deal = sampled(conversions.LeadConverted, lead=_json("lead:l1"), contact=None, company=None, deal=made["deal"])
    assert set(kinds(only_deal)) == {"lead:l1", "deal:d1"}


@pytest.mark.parametrize(
    "event",
    [
        conversions.LeadConversionRequested,
        conversions.LeadDealRequested,
        conversions.LeadConversionRefused,
        client_answers.LeadClientResolved,
        client_answers.LeadClientRefused,
        deal_answers.LeadDealRefused,
        deal_answers.LeadDealConfirmed,
    ],
)
def test_a_step_of_a_conversion_shows_on_the_lead_alone(event: type[Event]) -> None:
    """LEAD-11: proposed ids have no timeline."""
    assert kinds(sampled(event, lead=_json("lead:l1"))) == {"lead:l1": "process_step"}


@pytest.mark.parametrize(
    ("after", "text"),
    [
        ({}, "Requisites are no longer chosen"),
        ({"state": "pending"}, "Requisites were chosen"),
        ({"state": "done"}, "The chosen requisites were confirmed"),
        (
            {"state": "refused", "refusal": "bank_detail_not_found"},
            "The chosen requisites were refused: bank_detail_not_found",
        ),
    ],
)
def test_a_choice_of_requisites_shows_what_became_of_it(after: dict[str, str], text: str) -> None:
    """REQ-05."""
    event = sampled(deals.DealRequisitesChosen, deal=_json("deal:d1", "Pumps"), after=after)
    assert kinds(event) == {"deal:d1": "element_modified"}
    assert line_of(event, "deal:d1").text == text


@pytest.mark.parametrize(
    "event",
    [
        client_answers.ElementContactsResolved,
        client_answers.ElementCompanyRefused,
        client_answers.ElementRequisitesConfirmed,
        client_answers.ElementRequisitesRefused,
    ],
)
def test_the_answer_to_a_link_or_a_choice_shows_on_the_element_alone(event: type[Event]) -> None:
    """CLI-07, REQ-05."""
    assert kinds(sampled(event, element=_json("deal:d1"))) == {"deal:d1": "process_step"}


@pytest.mark.parametrize(
    ("event", "kind"), [(contacts.ContactLinked, "linked"), (contacts.ContactUnlinked, "unlinked")]
)
def test_a_link_of_contact_and_company_shows_on_both(event: type[Event], kind: str) -> None:
    """COMP-04."""
    sample = sampled(event, contact=_json("contact:ada"), company=_json("company:acme"))
    assert kinds(sample) == {"contact:ada": kind, "company:acme": kind}


def test_a_correction_names_the_fields_and_keeps_their_values_to_itself() -> None:
    """TL-01, TL-12."""
    changes = {"before": {"comments": "secret", "title": "P"}, "after": {"comments": None, "title": "Pumps"}}
    (line,) = narrate(sampled(leads.LeadUpdated, **changes))
    assert (line.kind, line.text) == ("element_modified", "Changed: comments, title")
    assert line.payload == {"fields": ["comments", "title"]}


def test_another_responsible_user_is_named_with_the_one_before() -> None:
    """CMN-04."""
    changes = {"responsible_id": "bob", "previous_responsible_id": "anna"}
    event = sampled(deals.DealResponsibleChanged, deal=_json("deal:d1", "Pumps"), **changes)
    assert kinds(event) == {"deal:d1": "element_modified"}
    assert line_of(event, "deal:d1").text == "Responsible: bob, before anna"


def test_bindings_by_hand_show_where_they_were_made() -> None:
    """TL-05."""
    bound = timeline.TimelineEntryBound(entry_event_id="e1", element=ref("deal:d1"))
    unbound = timeline.TimelineEntryUnbound(entry_event_id="e1", element=ref("deal:d1"))
    assert kinds(said(bound)) == {"deal:d1": "linked"}
    assert kinds(said(unbound)) == {"deal:d1": "unlinked"}


def test_a_client_of_many_is_shown_in_a_few_words() -> None:
    """CLI-07: up to 500 contacts attach."""
    contacts = [{"contact_id": f"c{number}", "title": f"Contact {number}"} for number in range(500)]
    event = sampled(deals.DealClientChanged, deal=_json("deal:d1"), before={}, after={"contacts": contacts})
    assert line_of(event, "deal:d1").text == "Linked: Contact 0, Contact 1, Contact 2 and 497 more"
    assert len(narrate(event)) == 501


def test_titles_of_several_lines_become_one() -> None:
    """TL-01."""
    event = said(contacts.ContactLinked(contact=ref("contact:ada"), company=_titled("AC\nME"), companies=()))
    assert line_of(event, "contact:ada").text == "Linked to AC ME"


def _titled(title: str) -> ElementRef:
    return ref("company:acme", title)


class OfQuote(ElementEvent):
    quote: ElementRef

    @property
    def element(self) -> ElementRef:
        return self.quote


class QuoteStageChanged(StageChanged, OfQuote):
    ce_type: ClassVar[str] = "crm.quote.stage_changed.v1"


class QuoteFirstSeen(OfQuote):
    ce_type: ClassVar[str] = "crm.quote.first_seen.v2"


class ElementStockReserved(ElementAnswer):
    ce_type: ClassVar[str] = "crm.element.stock_reserved.v1"


class QuoteTemplateRefused(Answer):
    ce_type: ClassVar[str] = "crm.quote.template_refused.v1"


class CampaignStarted(Event):
    ce_type: ClassVar[str] = "crm.campaign.started.v1"


def test_an_event_of_a_new_type_of_element_is_narrated_by_its_base_class() -> None:
    """TL-02: without a line of its own in the narration."""
    moved = QuoteStageChanged(
        quote=ref("quote:q1"),
        from_stage="DRAFT",
        to_stage="SENT",
        from_semantic="P",
        to_semantic="P",
        moved_at=datetime(2026, 5, 4, tzinfo=UTC),
    )
    (line,) = narrate(said(moved))
    assert (str(line.element), line.kind, line.text) == ("quote:q1", "stage_changed", "Moved from DRAFT to SENT")


@pytest.mark.parametrize(
    ("event", "element", "kind", "text"),
    [
        (QuoteFirstSeen(quote=ref("quote:q1")), "quote:q1", "log_message", "Quote first seen"),
        (ElementStockReserved(element=ref("deal:d1")), "deal:d1", "process_step", "Element stock reserved"),
        (QuoteTemplateRefused(), "quote:s1", "process_step", "Quote template refused"),
        (CampaignStarted(), "campaign:s1", "log_message", "Campaign started"),
    ],
)
def test_an_event_without_words_of_its_own_is_narrated_by_its_type(
    event: Event, element: str, kind: str, text: str
) -> None:
    """TL-01: on its element, or else on the subject of its envelope."""
    assert narrator_of(type(event)) is None
    (line,) = narrate(said(event, subject="s1"))
    assert (str(line.element), line.kind, line.text, line.payload) == (element, kind, text, {})


ADA, BOB = {"contact_id": "ada", "title": "Ada"}, {"contact_id": "bob", "title": "Bob"}
NEW, OLD = _json("company:new", "New"), _json("company:old", "Old")
CHANGES: dict[str, tuple[dict[str, Any], dict[str, Any], str, str]] = {
    "set": ({}, {"contacts": [ADA, BOB]}, "linked", "Linked: Ada, Bob"),
    "add": ({"contacts": [ADA]}, {"contacts": [ADA, BOB]}, "linked", "Linked: Bob"),
    "remove": ({"contacts": [ADA, BOB]}, {"contacts": [ADA]}, "unlinked", "No longer linked: Bob"),
    "replace the list": ({"contacts": [ADA]}, {"contacts": [BOB]}, "linked", "Linked: Bob; No longer linked: Ada"),
    "clear the company": (
        {"company": OLD, "contacts": [ADA]},
        {"contacts": [ADA]},
        "unlinked",
        "No longer linked: Old",
    ),
    "another company": ({"company": OLD}, {"company": NEW}, "linked", "Linked: New; No longer linked: Old"),
    "a merged contact": (
        {"company": OLD, "contacts": [ADA]},
        {"company": OLD, "contacts": [BOB]},
        "linked",
        "Linked: Bob; No longer linked: Ada",
    ),
    "another primary": (
        {"contacts": [{**ADA, "is_primary": True}, BOB]},
        {"contacts": [ADA, {**BOB, "is_primary": True}]},
        "element_modified",
        "Client: Ada, Bob",
    ),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("event", [leads.LeadClientChanged, deals.DealClientChanged])
def test_whoever_came_was_linked_and_whoever_went_was_unlinked(event: type[Event], change: str) -> None:
    """TL-01, CLI-06: on the element, and on each of them."""
    before, after, kind, text = CHANGES[change]
    element = "lead" if event is leads.LeadClientChanged else "deal"
    told = sampled(event, before=before, after=after, **{element: _json(f"{element}:1", "Pumps")})
    line = line_of(told, f"{element}:1")
    assert (line.kind, line.text) == (kind, text)
    others = {key: value for key, value in kinds(told).items() if key != f"{element}:1"}
    assert others == {
        **dict.fromkeys(line.payload["linked"], "linked"),
        **dict.fromkeys(line.payload["unlinked"], "unlinked"),
    }


@pytest.mark.parametrize("event", [leads.LeadContactsChecked, deals.DealContactsChecked])
def test_a_contact_that_does_not_exist_is_unlinked_in_its_own_timeline_too(event: type[Event]) -> None:
    """CLI-02, TL-01: and the names of those that exist are told."""
    element = "lead" if event is leads.LeadContactsChecked else "deal"
    about = {element: _json(f"{element}:1", "Pumps"), "confirmed": [_json("contact:ada", "Ada")], "linked_again": []}
    refused = {"refused": [_json("contact:nada")], "code": "contact_not_found"}
    told = sampled(event, **about, **refused)
    assert kinds(told) == {f"{element}:1": "unlinked", "contact:nada": "unlinked"}
    assert line_of(told, f"{element}:1").text == "Confirmed: Ada; Not linked: 1 contacts (contact_not_found)"
    assert kinds(sampled(event, **about, refused=[], code=None)) == {f"{element}:1": "element_modified"}
    kept = sampled(event, **{**about, **refused, "linked_again": [_json("contact:eve", "Eve")]})
    assert kinds(kept) == {f"{element}:1": "unlinked", "contact:nada": "unlinked", "contact:eve": "linked"}
    assert line_of(kept, f"{element}:1").text.endswith("Linked as before: Eve")
