"""Change the list of companies that a contact works for (COMP-04, CONT-07, CLI-06).

The contact owns its links, so "exactly one primary company" is a rule about one document. Each function returns the
new list, or None where nothing changes.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from crm_contracts.contacts import CompanyLink
from crm_contracts.values import ElementRef

from services.clients.records.domain.errors import PrimaryNeeded, TooManyCompanies
from shared.elements.domain.ordered_links import with_one_primary

MAX_COMPANIES: Final = 50
"""Of one contact: every event about its links carries all of them."""

Links = tuple[CompanyLink, ...]


def find_link(links: Iterable[CompanyLink], company_id: str) -> CompanyLink | None:
    """Return the link to a company, if any."""
    return next((link for link in links if link.company_id == company_id), None)


def link_company(
    links: Links, company: ElementRef, *, position: int, is_primary: bool | None, role_id: int | None
) -> Links | None:
    """Link a company, or change how it is linked; None leaves the flag or the role as it is, of a new link none and 0.

    The first company becomes primary, and a new primary replaces the old one.

    Raises:
        TooManyCompanies: the contact has the maximum number.
        PrimaryNeeded: the primary one would be primary no longer.
    """
    known = find_link(links, company.id)
    if known is None and len(links) >= MAX_COMPANIES:
        raise TooManyCompanies.at(f"A contact works for at most {MAX_COMPANIES} companies.", "company_id")
    if known is not None and known.is_primary and is_primary is False:
        raise PrimaryNeeded.at("One company is primary: make another one primary instead.", "is_primary")
    last = max((link.sort for link in links), default=0)
    link = known or CompanyLink(company_id=company.id, title=company.title, position=position, sort=last + 10)
    given = {"is_primary": is_primary, "role_id": role_id}
    link = link.model_copy(update={name: value for name, value in given.items() if value is not None})
    others = [other.model_copy(update={"is_primary": other.is_primary and not is_primary}) for other in links]
    changed = with_one_primary([*(other for other in others if other.company_id != company.id), link])
    return None if changed == links else changed


def unlink_company(links: Links, gone: CompanyLink) -> Links:
    """Remove a link; without a primary the first remaining one becomes primary."""
    return with_one_primary(link for link in links if link is not gone)


def replace_company(links: Links, gone: CompanyLink, survivor: ElementRef, *, last: int) -> Links:
    """Replace a merged company by its survivor, keeping the primary flag and avoiding duplicates (DUP-02).

    A contact that is new there comes after those of the survivor, of which `last` is the greatest position.
    """
    known = find_link(links, survivor.id) or gone.model_copy(update={"position": last + gone.position})
    place = {
        "company_id": survivor.id,
        "title": survivor.title,
        "is_primary": known.is_primary or gone.is_primary,
        "role_id": known.role_id or gone.role_id,
    }
    others = [link for link in links if link.company_id not in {gone.company_id, survivor.id}]
    return with_one_primary([*others, known.model_copy(update=place)])


def join_links(links: Links, others: Sequence[CompanyLink]) -> Links:
    """Append the links of merged contacts; a primary of the first contact stays primary (CONT-07, DUP-02)."""
    joined = {link.company_id: link for link in links}
    has_primary = bool(joined)
    for link in others:
        known = joined.get(link.company_id)
        if known is not None:
            joined[link.company_id] = known.model_copy(update={"role_id": known.role_id or link.role_id})
            continue
        last = max((each.sort for each in joined.values()), default=0)
        added = link.model_copy(update={"sort": last + 10, "is_primary": link.is_primary and not has_primary})
        joined[link.company_id] = added
        has_primary = has_primary or added.is_primary
    return with_one_primary(joined.values())
