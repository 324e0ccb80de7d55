"""Lines of what happens to elements of any type, by base class of the event."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from crm_contracts.client_field import Client
from crm_contracts.envelope import Event
from crm_contracts.events import (
    ClientChanged,
    CompanyUnlinked,
    ContactsAttached,
    ContactsChecked,
    Created,
    Deleted,
    Merged,
    Replaced,
    RequisitesChosen,
    ResponsibleChanged,
    RowsChanged,
    StageChanged,
    Updated,
)
from crm_contracts.values import ElementRef

from services.timeline.entry.domain.narration.line import MERGE_KIND, MERGED, Kind, Line, Narrator, money, name_of

MAX_NAMES: Final = 3
BOOKKEEPING: Final = {"edited_here"}
"""Fields that only accompany a change of others."""


def created(event: Created) -> Iterator[Line]:
    """Show a new element in its own timeline, in its lead's and in those of its client (TL-03).

    A template is nothing that its client is told of (DEAL-14).
    """
    if getattr(event.state, "is_recurring", False):
        yield Line(event.element, "element_created", f"Template {name_of(event.element)} was created")
        return
    element, lead_id = event.element, getattr(event.state, "lead_id", None)
    client: Client = getattr(event.state, "client", Client())
    text = f"{element.type.capitalize()} {name_of(element)} was created"
    child = {"child": str(element)}
    if lead_id:
        lead = ElementRef(type="lead", id=lead_id)
        yield Line(element, "created_on_basis_of", f"Created from lead {lead_id}", {"from": str(lead)})
        yield Line(lead, "child_created", text, child)
    else:
        yield Line(element, "element_created", text)
    for ref in client.refs:
        yield Line(ref, "child_created", text, child)


def updated(event: Updated) -> Iterator[Line]:
    """List the changed fields; their values stay in the event."""
    fields = sorted(event.after.model_fields_set - BOOKKEEPING or event.after.model_fields_set)
    yield Line(event.element, "element_modified", f"Changed: {', '.join(fields)}", {"fields": fields})


def responsible_changed(event: ResponsibleChanged) -> Iterator[Line]:
    """Name both users (CMN-04)."""
    before, after = event.previous_responsible_id, event.responsible_id
    text = f"Responsible: {after}" + (f", before {before}" if before else "")
    yield Line(event.element, "element_modified", text, {"from": before, "to": after})


def deleted(event: Deleted) -> Iterator[Line]:
    """Show a deletion in the element's own timeline, and in those of its clients."""
    element = event.element
    yield Line(element, "log_message", f"{element.type.capitalize()} {name_of(element)} was deleted")
    client: Client = getattr(event.before, "client", Client())
    yield from _unlinked(element, client.refs)


def replaced(event: Replaced) -> Iterator[Line]:
    """Name the survivor in the timeline of an element that was merged into it."""
    text = f"Merged into {name_of(event.survivor)}"
    yield Line(event.element, "log_message", text, {"merged_into": str(event.survivor)})


def merged(event: Merged) -> Iterator[Line]:
    """Show a merge on the survivor, whose timeline includes those of the others from then on (DUP-02)."""
    named = ", ".join(name_of(ref) for ref in event.removed)
    fields = sorted(event.after.model_fields_set - BOOKKEEPING)
    payload = {MERGED: [str(ref) for ref in event.removed], "fields": fields}
    yield Line(event.element, MERGE_KIND, f"Merged with {named}", payload)


def stage_changed(event: StageChanged) -> Iterator[Line]:
    """Show both stages and their semantics (TL-02)."""
    payload = {
        "from": event.from_stage,
        "to": event.to_stage,
        "from_semantic": event.from_semantic,
        "to_semantic": event.to_semantic,
    }
    yield Line(event.element, "stage_changed", f"Moved from {event.from_stage} to {event.to_stage}", payload)


def rows_changed(event: RowsChanged) -> Iterator[Line]:
    """Show the number of product rows, and the amount before and after."""
    before, after, number = money(event.before.amount), money(event.after.amount), len(event.after.rows)
    payload = {"before": before, "after": after, "rows": number}
    yield Line(event.element, "product_rows_changed", f"{number} product rows, {after}", payload)


def client_changed(event: ClientChanged) -> Iterator[Line]:
    """Show on the element, and on each client, who was linked and who was unlinked (TL-01)."""
    before, after = ({str(ref): ref for ref in client.refs} for client in (event.before, event.after))
    came = [ref for key, ref in after.items() if key not in before]
    went = [ref for key, ref in before.items() if key not in after]
    parts = [f"{word}: {_names(refs)}" for word, refs in (("Linked", came), ("No longer linked", went)) if refs]
    kind: Kind = "linked" if came else "unlinked" if went else "element_modified"
    text = "; ".join(parts) or f"Client: {_names(list(after.values()))}"
    payload = {"client": list(after), "linked": list(map(str, came)), "unlinked": list(map(str, went))}
    yield Line(event.element, kind, text, payload)
    yield from _linked(event.element, came)
    yield from _unlinked(event.element, went)


def contacts_checked(event: ContactsChecked) -> Iterator[Line]:
    """Show the names of confirmed contacts on the element; unlinked ones there and on each (CLI-02)."""
    parts = [f"Confirmed: {_names(event.confirmed)}"] if event.confirmed else []
    if event.refused:
        parts.append(f"Not linked: {len(event.refused)} contacts ({event.code})")
    if event.linked_again:
        parts.append(f"Linked as before: {_names(event.linked_again)}")
    payload = {
        "confirmed": [str(ref) for ref in event.confirmed],
        "refused": [str(ref) for ref in event.refused],
        "code": event.code,
    }
    kind: Kind = "unlinked" if event.refused else "element_modified"
    yield Line(event.element, kind, "; ".join(parts) or "The Client field was confirmed", payload)
    yield from _unlinked(event.element, event.refused)
    yield from _linked(event.element, event.linked_again)


def contacts_attached(event: ContactsAttached) -> Iterator[Line]:
    """Show attached contacts on the element, the company and each contact (CLI-07)."""
    client, number = event.client, len(event.attached)
    text = f"{number} contacts of the company were attached" if number else "The company was linked"
    if event.detached:
        text += f", {len(event.detached)} of the former one were detached"
    payload = {
        "contacts": [str(contact) for contact in event.attached],
        "detached": [str(contact) for contact in event.detached],
        "truncated": client.truncated,
    }
    yield Line(event.element, "linked", text, payload)
    yield from _linked(event.element, [client.company] if client.company else [])
    yield from _linked(event.element, event.attached)
    yield from _unlinked(event.element, event.detached)


def company_unlinked(event: CompanyUnlinked) -> Iterator[Line]:
    """Show a refused company on the element and on the company, whose timeline shows the link (CLI-07).

    A former company, which is linked again, was shown as unlinked.
    """
    text, payload = (
        f"The company could not be linked: {event.code}",
        {"company": str(event.company), "code": event.code},
    )
    yield Line(event.element, "unlinked", text, payload)
    yield from _unlinked(event.element, [event.company])
    yield from _linked(event.element, [event.client.company] if event.client.company else [])


def requisites_chosen(event: RequisitesChosen) -> Iterator[Line]:
    """Show the state of the choice; the requisites themselves stay in the event (REQ-05)."""
    link = event.after
    text = {
        "none": "Requisites are no longer chosen",
        "pending": "Requisites were chosen",
        "done": "The chosen requisites were confirmed",
    }.get(link.state, f"The chosen requisites were refused: {link.refusal}")
    payload = {"state": link.state, "choice_no": link.choice_no, "code": link.refusal}
    yield Line(event.element, "element_modified", text, payload)


def _names(refs: Sequence[ElementRef]) -> str:
    named = [name_of(ref) for ref in refs]
    others = f" and {len(named) - MAX_NAMES} more" if len(named) > MAX_NAMES else ""
    return f"{', '.join(named[:MAX_NAMES]) or 'nobody'}{others}"


def _linked(element: ElementRef, clients: Iterable[ElementRef]) -> Iterator[Line]:
    for client in clients:
        text = f"Linked to {element.type} {name_of(element)}"
        yield Line(client, "linked", text, {"element": str(element)})


def _unlinked(element: ElementRef, clients: Iterable[ElementRef]) -> Iterator[Line]:
    for client in clients:
        text = f"No longer linked to {element.type} {name_of(element)}"
        yield Line(client, "unlinked", text, {"element": str(element)})


NARRATORS: Final[Mapping[type[Event], Narrator]] = {
    Created: created,
    Updated: updated,
    ResponsibleChanged: responsible_changed,
    Deleted: deleted,
    Replaced: replaced,
    Merged: merged,
    StageChanged: stage_changed,
    RowsChanged: rows_changed,
    ClientChanged: client_changed,
    ContactsAttached: contacts_attached,
    ContactsChecked: contacts_checked,
    CompanyUnlinked: company_unlinked,
    RequisitesChosen: requisites_chosen,
}
