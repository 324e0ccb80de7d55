"""Apply the answers about what a Client field links: a company, its contacts, contacts by their ids (CLI-02, CLI-07).

An answer counts only for the `link_no` of its request, and only while that is pending. Contacts that a company brought
are unlinked with it unless a user touched them. An answer confirms or refuses contacts that are still pending; it
never links again what was unlinked meanwhile.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from crm_contracts.client_answers import CheckedContact
from crm_contracts.client_field import Client, ContactLink
from crm_contracts.values import ElementRef

from shared.elements.domain.client_field import MAX_CONTACTS, fitting_client, following
from shared.elements.domain.ordered_links import with_one_primary
from shared.elements.domain.room import MAX_CLIENT_BYTES, size_of

CONTACT_NOT_FOUND: Final = "contact_not_found"


@dataclass(frozen=True)
class Attachment:
    """The effect of an answer about a company's contacts."""

    client: Client
    attached: tuple[ElementRef, ...]
    detached: tuple[ElementRef, ...]


@dataclass(frozen=True)
class ContactCheck:
    """The effect of an answer about contacts that were linked by their ids."""

    client: Client
    confirmed: tuple[ElementRef, ...]
    refused: tuple[ElementRef, ...]
    linked_again: tuple[ElementRef, ...] = ()

    @property
    def published(self) -> dict[str, Any]:
        """Return the fields of the event about it."""
        return {**vars(self), "code": CONTACT_NOT_FOUND if self.refused else None}


def waits_for(client: Client, link_no: int) -> bool:
    """Whether an answer to this request is still expected."""
    return link_no == client.link_no and client.link_state == "pending"


def check_contacts(
    client: Client, *, link_no: int, checked: Sequence[CheckedContact], replaced: Sequence[ContactLink] = ()
) -> ContactCheck | None:
    """Confirm the pending contacts that exist and unlink the others; None where the answer is stale or was applied.

    Where one does not exist, those that the request `replaced` are linked again. A request about a company, too, stays
    pending until its company is attached or refused.
    """
    if not waits_for(client, link_no):
        return None
    pending = {link.contact_id: link for link in client.contacts if link.link_state == "pending"}
    found = {each.contact_id: each.contact for each in checked if each.contact_id in pending}
    refused = tuple(pending[id_].ref for id_, ref in found.items() if ref is None)
    checked_now = {
        "contacts": following(client.contacts, found),
        "refused_contacts": tuple(ref.id for ref in refused),
        "refusal": CONTACT_NOT_FOUND if refused else None,
    }
    left, again = _with_again(fitting_client(client.model_copy(update=checked_now)), replaced if refused else ())
    if not client.asks_for_company:
        left = left.model_copy(update={"link_state": _settled(left), "company_confirmed": False})
    confirmed = {ref.id for ref in found.values() if ref is not None}
    return ContactCheck(left, tuple(link.ref for link in left.contacts if link.contact_id in confirmed), refused, again)


def _with_again(client: Client, replaced: Sequence[ContactLink]) -> tuple[Client, tuple[ElementRef, ...]]:
    """Link again what a refused request had replaced, if there is room; the former primary is primary again."""
    linked = {link.contact_id for link in client.contacts}
    again = [link for link in replaced if link.contact_id not in linked]
    if not again:
        return client, ()
    both = fitting_client(client.model_copy(update={"contacts": with_one_primary([*again, *client.contacts])}))
    if len(both.contacts) > MAX_CONTACTS or size_of(both) > MAX_CLIENT_BYTES:
        return client, ()
    return both, tuple(link.ref for link in again)


def attach_contacts(
    client: Client, *, link_no: int, company: ElementRef, contacts: Sequence[ElementRef], truncated: bool
) -> Attachment | None:
    """Apply the answer to a company link (CLI-07); None where the answer is stale or was applied before.

    The result is the union of the linked contacts and the company's, without those that another company brought and no
    user touched. An existing primary stays, else the company's first contact is primary.
    """
    if not (waits_for(client, link_no) and client.asks_for_company):
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
        for place, ref in enumerate(brought[: max(0, MAX_CONTACTS - len(kept))], start=1)
    ]
    changed = _with_company(client, company, contacts, kept, added)
    while added and size_of(changed) > MAX_CLIENT_BYTES:  # ids that a user typed in may be long
        added = added[: len(added) // 2]
        changed = _with_company(client, company, contacts, kept, added)
    changed = changed.model_copy(update={"truncated": truncated or len(brought) > len(added)})
    new = {link.contact_id for link in added}
    return Attachment(changed, tuple(link.ref for link in changed.contacts if link.contact_id in new), detached)


def _with_company(
    client: Client,
    company: ElementRef,
    contacts: Sequence[ElementRef],
    kept: Sequence[ContactLink],
    added: Sequence[ContactLink],
) -> Client:
    if not any(link.is_primary for link in kept) and contacts and client.auto_link_contacts:
        first = contacts[0].id
        both = [link.model_copy(update={"is_primary": link.contact_id == first}) for link in (*kept, *added)]
    else:
        both = [*kept, *added]
    linked = {
        "company": company,
        "former_company": None,
        "contacts": with_one_primary(both),
        "link_state": _settled(client),
    }
    return fitting_client(client.model_copy(update=linked))


def refuse_company(client: Client, *, link_no: int, code: str) -> Client | None:
    """Link the former company, if any, instead of one that clients does not know.

    Its contacts are still linked, because only a confirmed company takes their place. None where the answer is stale or
    was applied before.
    """
    if not (waits_for(client, link_no) and client.asks_for_company):
        return None
    former = {"company": client.former_company, "former_company": None}
    return client.model_copy(update={**former, "link_state": "refused", "refusal": code})


def _settled(client: Client) -> str:
    return "refused" if client.refused_contacts else "done"
