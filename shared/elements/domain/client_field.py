"""The rules of the Client field: one company, several contacts, one of them primary (CLI-06, CLI-07).

Pure functions from one `Client` to the next. Linking a company, or a contact by its id, is a request: the clients
service answers whether they exist, and with the company's contacts (`client_answers`). An answer counts only for the
`link_no` of its request, so each request is about everything that is pending.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from crm_contracts.client_field import Client, ContactLink
from crm_contracts.values import ElementRef

from shared.elements.domain.ordered_links import with_one_primary
from shared.elements.domain.room import MAX_CLIENT_BYTES, check_room, fitting, shortened
from shared.kit.domain import Conflict, Invalid

MAX_CONTACTS: Final = 500


class LinkedDifferently(Conflict):
    """A contact that is to be added is linked already, with another sort, flag or role; names each (CLI-06)."""

    code = "linked_differently"


class TooManyContacts(Invalid):
    """The element links as many contacts as it may."""

    code = "too_many_contacts"


@dataclass(frozen=True)
class NewContactLink:
    """A contact to be linked; None means not given. One with a title is known to exist."""

    contact_id: str
    sort: int | None = None
    is_primary: bool | None = None
    role_id: int | None = None
    title: str | None = None


def set_company(client: Client, company_id: str | None, *, auto_link_contacts: bool | None = None) -> Client:
    """Link a company, to be confirmed by clients, or clear it; clearing keeps the contacts (CLI-07).

    The company that was confirmed last is kept beside the new one until that is confirmed.
    """
    auto = client.auto_link_contacts if auto_link_contacts is None else auto_link_contacts
    current = client.company.id if client.company else None
    if company_id == current:
        return client.model_copy(update={"auto_link_contacts": auto})
    cleared = company_id is None
    return Client(
        company=None if cleared else ElementRef(type="company", id=company_id or ""),
        former_company=None if cleared else _confirmed_company(client),
        # After a clear no company owns the contacts: they were kept on purpose.
        contacts=tuple(_touched(link) for link in client.contacts) if cleared else client.contacts,
        link_no=client.link_no + 1,
        link_state="none" if cleared and not client.pending_contacts else "pending",
        auto_link_contacts=auto,
    )


def set_contacts(client: Client, contacts: Sequence[NewContactLink]) -> Client:
    """Replace the whole list; all in it count as touched (CLI-06).

    Raises:
        PartTooLarge: they are more than an event may hold.
    """
    known = {link.contact_id: link for link in client.contacts}
    links: dict[str, ContactLink] = {}
    for position, new in enumerate(contacts, start=1):
        links.setdefault(new.contact_id, _link(new, known.get(new.contact_id), sort=position * 10))
    return _linking(client, with_one_primary(links.values()))


def add_contact(client: Client, new: NewContactLink) -> Client:
    """Link one more contact; one that is linked already, as it is asked for, changes nothing (CLI-06).

    Raises:
        LinkedDifferently: it is linked with another sort, flag or role.
        TooManyContacts: there are `MAX_CONTACTS` already.
    """
    known = next((link for link in client.contacts if link.contact_id == new.contact_id), None)
    if known is not None:
        _check_same(known, new)
        return client
    added = _link(new, None, sort=max((link.sort for link in client.contacts), default=0) + 10)
    others: Iterable[ContactLink] = client.contacts
    if len(client.contacts) >= MAX_CONTACTS:
        raise TooManyContacts.at(f"An element links at most {MAX_CONTACTS} contacts.", "contact_id")
    if new.is_primary:
        others = (link.model_copy(update={"is_primary": False}) for link in others)
    return _linking(client, with_one_primary([*others, added]))


def remove_contact(client: Client, contact_id: str) -> Client:
    """Unlink a contact; without the primary the first remaining one is primary (CLI-06)."""
    return client.model_copy(update={"contacts": following(client.contacts, {contact_id: None})})


def asking(before: Client, after: Client) -> Client:
    """Ask clients for the contacts that are newly pending, in one request with all that is pending before (CLI-02)."""
    if not set(after.pending_contacts).difference(before.pending_contacts):
        return after
    asked = {
        "link_no": before.link_no + 1,
        "link_state": "pending",
        "company_confirmed": after.company is not None and not before.asks_for_company,
        "refusal": None,
        "refused_contacts": (),
    }
    return after.model_copy(update=asked)


def fitting_client(client: Client) -> Client:
    """Cut the titles in a Client field to what fits into the events about it."""

    def cut(length: int) -> Client:
        contacts = tuple(
            link.model_copy(update={"title": link.title and link.title[:length]}) for link in client.contacts
        )
        company = client.company and shortened(client.company, length)
        former = client.former_company and shortened(client.former_company, length)
        return client.model_copy(update={"contacts": contacts, "company": company, "former_company": former})

    return fitting(cut, MAX_CLIENT_BYTES)


def with_created(client: Client, created: ElementRef) -> Client:
    """Link a contact or company that was created from the element's card, as if by hand (CLI-05)."""
    if created.type == "company":
        return set_company(client, created.id)
    if created.id in client.pending_contacts:  # a user knew the id before: it exists by now
        return client.model_copy(update={"contacts": following(client.contacts, {created.id: created})})
    return add_contact(client, NewContactLink(created.id, title=created.title))


def without(client: Client, gone: ElementRef, survivor: ElementRef | None = None) -> Client:
    """Unlink a contact or company that was deleted (COMP-10); the company's contacts stay.

    Where it was merged into another one, the survivor replaces it (DUP-02).
    """
    if gone.type == "company":
        return _without_company(client, gone, survivor)
    if all(link.contact_id != gone.id for link in client.contacts):
        return client
    return fitting_client(client.model_copy(update={"contacts": following(client.contacts, {gone.id: survivor})}))


def following(links: Iterable[ContactLink], found: Mapping[str, ElementRef | None]) -> tuple[ContactLink, ...]:
    """Link what was found in place of each of these contacts: itself, its survivor, or nothing."""
    linked: dict[str, ContactLink] = {}
    for link in links:
        ref = found.get(link.contact_id)
        if ref is None and link.contact_id in found:
            continue
        now = link if ref is None else _confirmed(link, ref)
        known = linked.get(now.contact_id)
        linked[now.contact_id] = now if known is None else _joined(known, now)
    return with_one_primary(linked.values())


def with_resolved(client: Client, contact: ElementRef | None, company: ElementRef | None) -> Client:
    """Link the results of a conversion; they are known to exist, so neither is requested (LEAD-14)."""
    contacts = client.contacts
    if contact is not None:
        others = [link.model_copy(update={"is_primary": False}) for link in contacts if link.contact_id != contact.id]
        known = next((link for link in contacts if link.contact_id == contact.id), None)
        resolved = ContactLink(contact_id=contact.id, title=contact.title, sort=10)
        if known is not None:
            resolved = _touched(_confirmed(known, contact))
        contacts = with_one_primary([resolved.model_copy(update={"is_primary": True}), *others])
    linked = client.model_copy(update={"contacts": contacts})
    if company is None or (client.company is not None and client.company.id == company.id):
        return fitting_client(linked)
    settled = {
        "company": company,
        "former_company": None,
        "link_no": client.link_no + 1,
        # Contacts whose request was about the former company, too, are asked for again.
        "link_state": "pending" if linked.pending_contacts else "done",
        "company_confirmed": bool(linked.pending_contacts),
        "refusal": None,
        "refused_contacts": (),
        "truncated": False,
    }
    return fitting_client(linked.model_copy(update=settled))


def _confirmed_company(client: Client) -> ElementRef | None:
    return client.former_company if client.asks_for_company else client.company


def _linking(client: Client, contacts: tuple[ContactLink, ...]) -> Client:
    """Link these contacts as a user asks for, if they fit into the events about them.

    An earlier refusal is over with that.
    """
    over = {"link_state": "done", "refusal": None, "refused_contacts": ()} if client.link_state == "refused" else {}
    linked = fitting_client(asking(client, client.model_copy(update={"contacts": contacts, **over})))
    check_room("contacts", linked, MAX_CLIENT_BYTES, before=client)
    return linked


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
        changes |= {"company": survivor, "link_no": client.link_no + client.asks_for_company}
    return client.model_copy(update=changes)


def _link(new: NewContactLink, known: ContactLink | None, *, sort: int) -> ContactLink:
    title = new.title or (known.title if known else None)
    exists = title is not None and (known is None or known.link_state == "done")
    return ContactLink(
        contact_id=new.contact_id,
        title=title,
        sort=sort if new.sort is None else new.sort,
        is_primary=bool(new.is_primary),
        role_id=new.role_id or 0,
        link_state="done" if exists else "pending",
    )


def _check_same(known: ContactLink, new: NewContactLink) -> None:
    given = {"sort": new.sort, "is_primary": new.is_primary, "role_id": new.role_id}
    wrong = [name for name, value in given.items() if value is not None and value != getattr(known, name)]
    if wrong:
        raise LinkedDifferently.at("The contact is linked already; set the list to change how.", *wrong)


def _confirmed(link: ContactLink, ref: ElementRef) -> ContactLink:
    return link.model_copy(update={"contact_id": ref.id, "title": ref.title, "link_state": "done"})


def _joined(one: ContactLink, other: ContactLink) -> ContactLink:
    """Join two links to one contact: as primary as either, and linked by hand where one of them is."""
    joined = {
        "title": one.title or other.title,
        "is_primary": one.is_primary or other.is_primary,
        "auto_linked_from": one.auto_linked_from and other.auto_linked_from,
        "link_state": "done" if "done" in {one.link_state, other.link_state} else "pending",
    }
    return one.model_copy(update=joined)


def _touched(link: ContactLink) -> ContactLink:
    return link.model_copy(update={"auto_linked_from": None})
