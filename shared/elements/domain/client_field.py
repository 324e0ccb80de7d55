"""The rules of the Client field: one company, several contacts, one of them primary (CLI-06, CLI-07).

Pure functions from one `Client` to the next. Setting a company is a request: the clients service answers with the
company's contacts. An answer counts only for the `link_no` of its request, and contacts that were linked automatically
are unlinked with their company unless a user touched them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from crm_contracts.client_field import Client, ContactLink
from crm_contracts.values import ElementRef

MAX_ATTACHED: Final = 500


@dataclass(frozen=True)
class NewContactLink:
    """A contact to be linked; None means the default."""

    contact_id: str
    sort: int | None = None
    is_primary: bool = False
    role_id: int = 0
    title: str | None = None


@dataclass(frozen=True)
class Attachment:
    """The effect of an answer about a company's contacts."""

    client: Client
    attached: tuple[ElementRef, ...]
    detached: tuple[ElementRef, ...]


def set_company(client: Client, company_id: str | None, *, auto_link_contacts: bool | None = None) -> Client:
    """Link a company, to be confirmed by clients, or clear it; clearing keeps the contacts (CLI-07)."""
    auto = client.auto_link_contacts if auto_link_contacts is None else auto_link_contacts
    current = client.company.id if client.company else None
    if company_id == current:
        return client.model_copy(update={"auto_link_contacts": auto})
    cleared = company_id is None
    return Client(
        company=None if cleared else ElementRef(type="company", id=company_id or ""),
        # After a clear no company owns the contacts: they were kept on purpose.
        contacts=tuple(_touched(link) for link in client.contacts) if cleared else client.contacts,
        link_no=client.link_no + 1,
        link_state="none" if cleared else "pending",
        auto_link_contacts=auto,
    )


def set_contacts(client: Client, contacts: Sequence[NewContactLink]) -> Client:
    """Replace the whole list; all in it count as touched (CLI-06)."""
    known = {link.contact_id: link for link in client.contacts}
    links: dict[str, ContactLink] = {}
    for position, new in enumerate(contacts, start=1):
        title = new.title or (known[new.contact_id].title if new.contact_id in known else None)
        sort = position * 10 if new.sort is None else new.sort
        links.setdefault(new.contact_id, _link(new, sort=sort, title=title))
    return client.model_copy(update={"contacts": with_one_primary(links.values())})


def add_contact(client: Client, new: NewContactLink) -> Client:
    """Link one more contact; one that is linked already changes nothing (CLI-06)."""
    if any(link.contact_id == new.contact_id for link in client.contacts):
        return client
    sort = max((link.sort for link in client.contacts), default=0) + 10 if new.sort is None else new.sort
    added = _link(new, sort=sort, title=new.title)
    others: Iterable[ContactLink] = client.contacts
    if new.is_primary:
        others = (link.model_copy(update={"is_primary": False}) for link in others)
    return client.model_copy(update={"contacts": with_one_primary([*others, added])})


def remove_contact(client: Client, contact_id: str) -> Client:
    """Unlink a contact; without the primary the first remaining one is primary (CLI-06)."""
    left = [link for link in client.contacts if link.contact_id != contact_id]
    return client.model_copy(update={"contacts": with_one_primary(left)})


def attach_contacts(
    client: Client, *, link_no: int, company: ElementRef, contacts: Sequence[ElementRef], truncated: bool
) -> Attachment | None:
    """Apply the answer to a company link (CLI-07); None where the answer is stale or was applied before.

    The result is the union of the linked contacts and the company's, without those that another company brought and no
    user touched. An existing primary stays, else the company's first contact is primary.
    """
    if not waits_for(client, link_no):
        return None
    theirs = {ref.id for ref in contacts} if client.auto_link_contacts else set()
    stays = [
        link for link in client.contacts if link.auto_linked_from in {None, company.id} or link.contact_id in theirs
    ]
    # A contact that both companies bring now belongs to this one, and stays primary if it is.
    kept = [link.model_copy(update={"auto_linked_from": link.auto_linked_from and company.id}) for link in stays]
    kept_ids = {link.contact_id for link in kept}
    detached = tuple(link.ref for link in client.contacts if link.contact_id not in kept_ids)
    brought = [ref for ref in contacts if ref.id not in kept_ids] if client.auto_link_contacts else []
    last = max((link.sort for link in kept), default=0)
    added = [
        ContactLink(contact_id=ref.id, title=ref.title, sort=last + 10 * place, auto_linked_from=company.id)
        for place, ref in enumerate(brought[:MAX_ATTACHED], start=1)
    ]
    if not any(link.is_primary for link in kept) and contacts and client.auto_link_contacts:
        first = contacts[0].id
        both = [link.model_copy(update={"is_primary": link.contact_id == first}) for link in (*kept, *added)]
    else:
        both = [*kept, *added]
    changed = client.model_copy(
        update={
            "company": company,
            "contacts": with_one_primary(both),
            "link_state": "done",
            "truncated": truncated or len(brought) > MAX_ATTACHED,
        }
    )
    return Attachment(changed, tuple(link.ref for link in added), detached)


def refuse_company(client: Client, *, link_no: int, code: str) -> Client | None:
    """Unlink the company that clients does not know; None where the answer is stale or was applied before."""
    if not waits_for(client, link_no):
        return None
    return client.model_copy(update={"company": None, "link_state": "refused", "refusal": code})


def waits_for(client: Client, link_no: int) -> bool:
    """Whether an answer to this request is still expected."""
    return link_no == client.link_no and client.link_state == "pending"


def with_created(client: Client, created: ElementRef) -> Client:
    """Link a contact or company that was created from the element's card, as if by hand (CLI-05)."""
    if created.type == "company":
        return set_company(client, created.id)
    return add_contact(client, NewContactLink(created.id, title=created.title))


def without(client: Client, gone: ElementRef, survivor: ElementRef | None = None) -> Client:
    """Unlink a contact or company that was deleted (COMP-10); the company's contacts stay.

    Where it was merged into another one, the survivor replaces it (DUP-02).
    """
    if gone.type == "company":
        return _without_company(client, gone, survivor)
    old = next((link for link in client.contacts if link.contact_id == gone.id), None)
    if old is None or survivor is None:
        return remove_contact(client, gone.id) if old else client
    known = next((link for link in client.contacts if link.contact_id == survivor.id), old)
    changes = {
        "contact_id": survivor.id,
        "title": survivor.title,
        "is_primary": known.is_primary or old.is_primary,
        "auto_linked_from": old.auto_linked_from and known.auto_linked_from,
    }
    others = [link for link in client.contacts if link not in {old, known}]
    return client.model_copy(update={"contacts": with_one_primary([*others, known.model_copy(update=changes)])})


def _without_company(client: Client, gone: ElementRef, survivor: ElementRef | None) -> Client:
    is_linked = client.company is not None and client.company.id == gone.id
    if survivor is None:
        return set_company(client, None) if is_linked else client
    brought = [
        link.model_copy(update={"auto_linked_from": survivor.id}) if link.auto_linked_from == gone.id else link
        for link in client.contacts
    ]
    changes: dict[str, object] = {"contacts": tuple(brought)}
    if is_linked:
        # A pending request for the company's contacts is repeated for the survivor.
        changes |= {"company": survivor, "link_no": client.link_no + (client.link_state == "pending")}
    return client.model_copy(update=changes)


def with_resolved(client: Client, contact: ElementRef | None, company: ElementRef | None) -> Client:
    """Link the results of a conversion; they are known to exist, so nothing is requested (LEAD-14)."""
    contacts = client.contacts
    if contact is not None:
        others = [link.model_copy(update={"is_primary": False}) for link in contacts if link.contact_id != contact.id]
        known = next((link for link in contacts if link.contact_id == contact.id), None)
        resolved = _link(NewContactLink(contact.id), 10, contact.title)
        if known is not None:
            resolved = _touched(known).model_copy(update={"title": contact.title})
        contacts = with_one_primary([resolved.model_copy(update={"is_primary": True}), *others])
    if company is None or (client.company is not None and client.company.id == company.id):
        return client.model_copy(update={"contacts": contacts})
    settled = {"link_no": client.link_no + 1, "link_state": "done", "refusal": None, "truncated": False}
    return client.model_copy(update={"contacts": contacts, "company": company, **settled})


def with_one_primary(links: Iterable[ContactLink]) -> tuple[ContactLink, ...]:
    """Make exactly one link primary: the first flagged one, else the first by sort (CLI-06)."""
    ordered = sorted(links, key=lambda link: link.sort)
    primary = next((link for link in ordered if link.is_primary), ordered[0] if ordered else None)
    return tuple(link.model_copy(update={"is_primary": link is primary}) for link in ordered)


def _link(new: NewContactLink, sort: int, title: str | None) -> ContactLink:
    return ContactLink(
        contact_id=new.contact_id, title=title, sort=sort, is_primary=new.is_primary, role_id=new.role_id
    )


def _touched(link: ContactLink) -> ContactLink:
    return link.model_copy(update={"auto_linked_from": None})
