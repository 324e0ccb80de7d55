"""What each event means to the elements that it names: the one table of the timeline's words (TL-01 to TL-03).

The surprise: an event gives exactly one line to each element that it names, however often it names it; the first line
wins. Questions and answers between services are lines too, of the kind `process_step`: they are what a trace is made
of. Lines name elements by their titles and say nothing else of a person.

A binding made by hand names one element and has its line there too, beside the copy of the entry that it brings or
takes away: who did that, and when, is history like everything else (TL-05).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from crm_contracts import (
    client_answers,
    clients,
    companies,
    contacts,
    conversions,
    deal_answers,
    deals,
    dictionaries,
    leads,
    products,
    timeline,
)
from crm_contracts.client_field import Client
from crm_contracts.envelope import Envelope, Event
from crm_contracts.product_rows import Priced
from crm_contracts.requisites import RequisiteLink
from crm_contracts.values import ElementRef, Money


@dataclass(frozen=True)
class Line:
    """One element's part of an event."""

    element: ElementRef
    kind: str
    text: str
    payload: dict[str, Any] = field(default_factory=dict)


Narrator = Callable[[Any], Iterator[Line]]

MAX_NAMES = 3
MARKS = {"edited_here"}
"""Bookkeeping that changes beside the fields that it is about."""
MERGE_KIND: Final = "log_message"
MERGED: Final = "merged"
"""Where the line of a merge names the elements whose timelines are part of this one."""


def tell(event: Envelope[Event]) -> list[Line]:
    """The lines of an event, one per element."""
    lines: dict[tuple[str, str], Line] = {}
    for line in NARRATION[type(event.data)](event.data):
        lines.setdefault((line.element.type, line.element.id), line)
    return list(lines.values())


def _name(ref: ElementRef) -> str:
    return " ".join((ref.title or ref.type).split())


def _money(amount: Money) -> str:
    return f"{amount.value:f} {amount.currency}"


def _refs(*refs: ElementRef | None) -> Iterable[ElementRef]:
    return (ref for ref in refs if ref is not None)


def _created(ref: ElementRef, client: Client, lead: ElementRef | None = None) -> Iterator[Line]:
    """A new element: in its own timeline, in that of its lead, and in those of its client (TL-03)."""
    if lead is None:
        yield Line(ref, "element_created", f"{ref.type.capitalize()} {_name(ref)} was created")
    else:
        yield Line(ref, "created_on_basis_of", f"Created from lead {lead.id}", {"from": str(lead)})
        yield Line(lead, "child_created", f"{ref.type.capitalize()} {_name(ref)} was created", {"child": str(ref)})
    for other in client.refs:
        yield Line(other, "child_created", f"{ref.type.capitalize()} {_name(ref)} was created", {"child": str(ref)})


def _lead_created(said: leads.LeadCreated) -> Iterator[Line]:
    yield from _created(ElementRef(type="lead", id=said.lead.id, title=said.lead.title), said.lead.client)


def _deal_created(said: deals.DealCreated) -> Iterator[Line]:
    deal = said.deal
    lead = ElementRef(type="lead", id=deal.lead_id) if deal.lead_id else None
    yield from _created(ElementRef(type="deal", id=deal.id, title=deal.title), deal.client, lead)


def _contact_created(said: contacts.ContactCreated) -> Iterator[Line]:
    contact = ElementRef(type="contact", id=said.contact.id, title=said.contact.full_name)
    lead = ElementRef(type="lead", id=said.contact.lead_id) if said.contact.lead_id else None
    yield from _created(contact, Client(), lead)
    for company in said.contact.companies:
        yield Line(company.ref, "linked", f"Contact {_name(contact)} was linked", {"contact": str(contact)})


def _company_created(said: companies.CompanyCreated) -> Iterator[Line]:
    lead = ElementRef(type="lead", id=said.company.lead_id) if said.company.lead_id else None
    yield from _created(ElementRef(type="company", id=said.company.id, title=said.company.title), Client(), lead)


def _product_created(said: products.ProductCreated) -> Iterator[Line]:
    yield from _created(ElementRef(type="product", id=said.product.id, title=said.product.name), Client())


def _modified(element: str) -> Narrator:
    """Names of the changed fields; their values stay in the event."""

    def narrate(said: Any) -> Iterator[Line]:
        fields = sorted(said.after.model_fields_set - MARKS or said.after.model_fields_set)
        yield Line(getattr(said, element), "element_modified", f"Changed: {', '.join(fields)}", {"fields": fields})

    return narrate


def _stage_changed(element: str) -> Narrator:
    """From, to and what they mean (TL-02)."""

    def narrate(said: Any) -> Iterator[Line]:
        payload = {
            "from": said.from_stage,
            "to": said.to_stage,
            "from_semantic": said.from_semantic,
            "to_semantic": said.to_semantic,
        }
        text = f"Moved from {said.from_stage} to {said.to_stage}"
        yield Line(getattr(said, element), "stage_changed", text, payload)

    return narrate


def _rows_changed(element: str) -> Narrator:
    def narrate(said: Any) -> Iterator[Line]:
        before: Priced = said.before
        after: Priced = said.after
        text = f"{len(after.rows)} product rows, {_money(after.amount)}"
        payload = {"before": _money(before.amount), "after": _money(after.amount), "rows": len(after.rows)}
        yield Line(getattr(said, element), "product_rows_changed", text, payload)

    return narrate


def _client_changed(element: str) -> Narrator:
    """Who is a client now in the element's line; who came or went in their own."""

    def narrate(said: Any) -> Iterator[Line]:
        ref: ElementRef = getattr(said, element)
        before, after = {str(r): r for r in said.before.refs}, {str(r): r for r in said.after.refs}
        named = [_name(client) for client in after.values()]
        others = f" and {len(named) - MAX_NAMES} more" if len(named) > MAX_NAMES else ""
        text = f"Client: {', '.join(named[:MAX_NAMES]) or 'nobody'}{others}"
        yield Line(ref, "linked" if after else "unlinked", text, {"client": list(after)})
        yield from _came_and_went(
            ref,
            [client for key, client in after.items() if key not in before],
            [client for key, client in before.items() if key not in after],
        )

    return narrate


def _contacts_attached(element: str) -> Narrator:
    """The deal or lead, the company, and each contact that came or went (CLI-07)."""

    def narrate(said: Any) -> Iterator[Line]:
        ref: ElementRef = getattr(said, element)
        client: Client = said.client
        payload = {"contacts": [str(contact) for contact in said.attached], "truncated": client.truncated}
        number = len(said.attached)
        text = f"{number} contacts of the company were attached" if number else "The company was linked"
        yield Line(ref, "linked", text, payload)
        yield from _came_and_went(ref, [*_refs(client.company), *said.attached], said.detached)

    return narrate


def _came_and_went(ref: ElementRef, came: Iterable[ElementRef], went: Iterable[ElementRef]) -> Iterator[Line]:
    for client in came:
        yield Line(client, "linked", f"Linked to {ref.type} {_name(ref)}", {"element": str(ref)})
    for client in went:
        yield Line(client, "unlinked", f"No longer linked to {ref.type} {_name(ref)}", {"element": str(ref)})


def _company_unlinked(element: str) -> Narrator:
    """Also in the line of the company, whose timeline says that it was linked."""

    def narrate(said: Any) -> Iterator[Line]:
        ref: ElementRef = getattr(said, element)
        text = f"The company could not be linked: {said.code}"
        yield Line(ref, "unlinked", text, {"company": str(said.company), "code": said.code})
        yield from _came_and_went(ref, (), [said.company])

    return narrate


def _requisites_chosen(element: str) -> Narrator:
    """What became of a choice; whose requisites they are stands in the event (REQ-05)."""

    def narrate(said: Any) -> Iterator[Line]:
        link: RequisiteLink = said.after
        text = {
            "none": "Requisites are no longer chosen",
            "pending": "Requisites were chosen",
            "done": "The chosen requisites were confirmed",
        }.get(link.state, f"The chosen requisites were refused: {link.refusal}")
        payload = {"state": link.state, "choice_no": link.choice_no, "code": link.refusal}
        yield Line(getattr(said, element), "element_modified", text, payload)

    return narrate


def _choice_step(text: str) -> Narrator:
    """The answer to a choice of requisites, in the element's timeline."""

    def narrate(said: Any) -> Iterator[Line]:
        yield Line(said.element, "process_step", text, {"choice_no": said.choice_no})

    return narrate


def _contact_linked(said: contacts.ContactLinked) -> Iterator[Line]:
    yield Line(said.contact, "linked", f"Linked to {_name(said.company)}", {"company": str(said.company)})
    yield Line(said.company, "linked", f"Contact {_name(said.contact)} was linked", {"contact": str(said.contact)})


def _contact_unlinked(said: contacts.ContactUnlinked) -> Iterator[Line]:
    text = f"No longer linked to {_name(said.company)}"
    yield Line(said.contact, "unlinked", text, {"company": str(said.company)})
    text = f"Contact {_name(said.contact)} is no longer linked"
    yield Line(said.company, "unlinked", text, {"contact": str(said.contact)})


def _contact_deleted(said: contacts.ContactDeleted) -> Iterator[Line]:
    yield Line(said.contact, "log_message", f"Contact {_name(said.contact)} was deleted")
    for link in said.before.companies:
        text = f"Contact {_name(said.contact)} was deleted"
        yield Line(link.ref, "unlinked", text, {"contact": str(said.contact)})


def _company_deleted(said: companies.CompanyDeleted) -> Iterator[Line]:
    yield Line(said.company, "log_message", f"Company {_name(said.company)} was deleted")


def _replaced(noun: str) -> Narrator:
    def narrate(said: Any) -> Iterator[Line]:
        text = f"Merged into {_name(said.survivor)}"
        yield Line(getattr(said, noun), "log_message", text, {"merged_into": str(said.survivor)})

    return narrate


def _merged(said: contacts.ContactMerged | companies.CompanyMerged) -> Iterator[Line]:
    """The survivor's line; its timeline shows those of the others from then on."""
    named = ", ".join(_name(ref) for ref in said.removed)
    fields = sorted(said.after.model_fields_set - MARKS)
    payload = {MERGED: [str(ref) for ref in said.removed], "fields": fields}
    yield Line(said.survivor, MERGE_KIND, f"Merged with {named}", payload)


def _merge_requested(said: clients.ClientMergeRequested) -> Iterator[Line]:
    payload = {"merge_id": said.merge_id, "others": [str(ref) for ref in said.others]}
    yield Line(said.survivor, "process_step", f"{len(said.others)} others are to be merged into this one", payload)


def _requisites(verb: str) -> Narrator:
    def narrate(said: Any) -> Iterator[Line]:
        requisite = getattr(said, "requisite", None) or said.before
        yield Line(said.owner, "element_modified", f"Requisites {verb}", {"requisite": requisite.id})

    return narrate


def _lead_converted(said: conversions.LeadConverted) -> Iterator[Line]:
    results = list(_refs(said.contact, said.company, said.deal))
    payload = {"results": [str(ref) for ref in results]}
    for ref in (said.lead, *results):
        yield Line(ref, "converted", f"Lead {_name(said.lead)} was converted", {**payload, "lead": str(said.lead)})


def _conversion_refused(said: conversions.LeadConversionRefused) -> Iterator[Line]:
    payload = {"code": said.code, "attempt": said.attempt, "candidates": [str(ref) for ref in said.candidates]}
    yield Line(said.lead, "process_step", f"The conversion was refused: {said.code}", payload)


def _step(text: str) -> Narrator:
    """A question or an answer between services, in the lead's timeline."""

    def narrate(said: Any) -> Iterator[Line]:
        conversion = getattr(said, "conversion", said)
        payload = {"conversion_id": conversion.conversion_id, "attempt": conversion.attempt}
        yield Line(said.lead, "process_step", text, payload)

    return narrate


def _link_step(text: str) -> Narrator:
    """The answer to a company link, in the element's timeline."""

    def narrate(said: Any) -> Iterator[Line]:
        yield Line(said.element, "process_step", text, {"company": str(said.company), "link_no": said.link_no})

    return narrate


def _value_added(said: dictionaries.DictionaryValueCreated) -> Iterator[Line]:
    yield Line(said.dictionary, "element_modified", f"Value {said.value.name} was added", {"value": said.value.code})


def _value_changed(said: dictionaries.DictionaryValueUpdated) -> Iterator[Line]:
    fields = sorted(said.after.model_fields_set)
    text = f"Value {said.value.name} was changed: {', '.join(fields)}"
    yield Line(said.dictionary, "element_modified", text, {"value": said.value.code, "fields": fields})


def _value_deleted(said: dictionaries.DictionaryValueDeleted) -> Iterator[Line]:
    text = f"Value {said.before.name} was deleted"
    yield Line(said.dictionary, "element_modified", text, {"value": said.before.code})


def _bound(said: timeline.TimelineEntryBound) -> Iterator[Line]:
    yield Line(said.element, "linked", "An entry was bound to this element", {"entry": said.entry_event_id})


def _unbound(said: timeline.TimelineEntryUnbound) -> Iterator[Line]:
    yield Line(said.element, "unlinked", "An entry was unbound from this element", {"entry": said.entry_event_id})


NARRATION: Mapping[type[Event], Narrator] = {
    leads.LeadCreated: _lead_created,
    leads.LeadUpdated: _modified("lead"),
    leads.LeadStageChanged: _stage_changed("lead"),
    leads.LeadProductRowsChanged: _rows_changed("lead"),
    leads.LeadClientChanged: _client_changed("lead"),
    leads.LeadContactsAttached: _contacts_attached("lead"),
    leads.LeadCompanyUnlinked: _company_unlinked("lead"),
    conversions.LeadConversionRequested: _step("A conversion was requested"),
    conversions.LeadDealRequested: _step("A deal was asked for"),
    conversions.LeadConverted: _lead_converted,
    conversions.LeadConversionRefused: _conversion_refused,
    deals.DealCreated: _deal_created,
    deals.DealUpdated: _modified("deal"),
    deals.DealStageChanged: _stage_changed("deal"),
    deals.DealProductRowsChanged: _rows_changed("deal"),
    deals.DealClientChanged: _client_changed("deal"),
    deals.DealContactsAttached: _contacts_attached("deal"),
    deals.DealCompanyUnlinked: _company_unlinked("deal"),
    deals.DealRequisitesChosen: _requisites_chosen("deal"),
    deal_answers.LeadDealRefused: _step("The deal was refused"),
    deal_answers.LeadDealConfirmed: _step("The deal was confirmed once more"),
    contacts.ContactCreated: _contact_created,
    contacts.ContactUpdated: _modified("contact"),
    contacts.ContactLinked: _contact_linked,
    contacts.ContactUnlinked: _contact_unlinked,
    contacts.ContactDeleted: _contact_deleted,
    contacts.ContactReplaced: _replaced("contact"),
    contacts.ContactMerged: _merged,
    companies.CompanyCreated: _company_created,
    companies.CompanyDeleted: _company_deleted,
    companies.CompanyUpdated: _modified("company"),
    companies.CompanyReplaced: _replaced("company"),
    companies.CompanyMerged: _merged,
    clients.ClientMergeRequested: _merge_requested,
    clients.RequisiteCreated: _requisites("were added"),
    clients.RequisiteChanged: _requisites("were changed"),
    clients.RequisiteDeleted: _requisites("were removed"),
    client_answers.LeadClientResolved: _step("The client was created or linked"),
    client_answers.LeadClientRefused: _step("No client was created: there are duplicates"),
    client_answers.ElementContactsResolved: _link_step("The company and its contacts were found"),
    client_answers.ElementCompanyRefused: _link_step("The company was not found"),
    client_answers.ElementRequisitesConfirmed: _choice_step("The requisites are those of the client"),
    client_answers.ElementRequisitesRefused: _choice_step("The requisites cannot be chosen"),
    products.ProductCreated: _product_created,
    products.ProductUpdated: _modified("product"),
    dictionaries.DictionaryValueCreated: _value_added,
    dictionaries.DictionaryValueUpdated: _value_changed,
    dictionaries.DictionaryValueDeleted: _value_deleted,
    timeline.TimelineEntryBound: _bound,
    timeline.TimelineEntryUnbound: _unbound,
}
