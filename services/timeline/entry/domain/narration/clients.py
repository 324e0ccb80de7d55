"""Lines of contacts and companies: links between them, requisites, merges, and answers to elements."""

from collections.abc import Iterator, Mapping
from typing import Final

from crm_contracts.client_answers import (
    ElementCompanyRefused,
    ElementContactsChecked,
    ElementContactsResolved,
    ElementRequisitesConfirmed,
    ElementRequisitesRefused,
)
from crm_contracts.clients import ClientMergeRequested, RequisiteChanged, RequisiteCreated, RequisiteDeleted
from crm_contracts.contacts import ContactCreated, ContactDeleted, ContactLinked, ContactUnlinked
from crm_contracts.envelope import Event

from services.timeline.entry.domain.narration.elements import created, deleted
from services.timeline.entry.domain.narration.line import Line, Narrator, name_of


def _contact_created(event: ContactCreated) -> Iterator[Line]:
    yield from created(event)
    text, payload = f"Contact {name_of(event.element)} was linked", {"contact": str(event.element)}
    for company in event.contact.companies:
        yield Line(company.ref, "linked", text, payload)


def _contact_deleted(event: ContactDeleted) -> Iterator[Line]:
    for line in deleted(event):
        yield line
        for company in event.before.companies:
            yield Line(company.ref, "unlinked", line.text, {"contact": str(event.contact)})


def _contact_linked(event: ContactLinked) -> Iterator[Line]:
    contact, company = event.contact, event.company
    yield Line(contact, "linked", f"Linked to {name_of(company)}", {"company": str(company)})
    yield Line(company, "linked", f"Contact {name_of(contact)} was linked", {"contact": str(contact)})


def _contact_unlinked(event: ContactUnlinked) -> Iterator[Line]:
    contact, company = event.contact, event.company
    yield Line(contact, "unlinked", f"No longer linked to {name_of(company)}", {"company": str(company)})
    yield Line(company, "unlinked", f"Contact {name_of(contact)} is no longer linked", {"contact": str(contact)})


def _merge_requested(event: ClientMergeRequested) -> Iterator[Line]:
    payload = {"merge_id": event.merge_id, "others": [str(ref) for ref in event.others]}
    text = f"{len(event.others)} others are to be merged into this one"
    yield Line(event.survivor, "process_step", text, payload)


def _requisites(verb: str) -> Narrator:
    def narrate(event: RequisiteCreated | RequisiteChanged | RequisiteDeleted) -> Iterator[Line]:
        requisite = event.requisite if isinstance(event, RequisiteCreated) else event.before
        yield Line(event.owner, "element_modified", f"Requisites {verb}", {"requisite": requisite.id})

    return narrate


def _link_answer(text: str) -> Narrator:
    def narrate(event: ElementContactsResolved | ElementCompanyRefused) -> Iterator[Line]:
        payload = {"company": str(event.company), "link_no": event.link_no}
        yield Line(event.element, "process_step", text, payload)

    return narrate


def _contacts_checked(event: ElementContactsChecked) -> Iterator[Line]:
    found = sum(each.contact is not None for each in event.checked)
    payload = {"link_no": event.link_no}
    yield Line(event.element, "process_step", f"{found} of {len(event.checked)} contacts were found", payload)


def _choice_answer(text: str) -> Narrator:
    def narrate(event: ElementRequisitesConfirmed | ElementRequisitesRefused) -> Iterator[Line]:
        yield Line(event.element, "process_step", text, {"choice_no": event.choice_no})

    return narrate


NARRATORS: Final[Mapping[type[Event], Narrator]] = {
    ContactCreated: _contact_created,
    ContactDeleted: _contact_deleted,
    ContactLinked: _contact_linked,
    ContactUnlinked: _contact_unlinked,
    ClientMergeRequested: _merge_requested,
    RequisiteCreated: _requisites("were added"),
    RequisiteChanged: _requisites("were changed"),
    RequisiteDeleted: _requisites("were removed"),
    ElementContactsResolved: _link_answer("The company and its contacts were found"),
    ElementCompanyRefused: _link_answer("The company was not found"),
    ElementContactsChecked: _contacts_checked,
    ElementRequisitesConfirmed: _choice_answer("The requisites are those of the client"),
    ElementRequisitesRefused: _choice_answer("The requisites cannot be chosen"),
}
