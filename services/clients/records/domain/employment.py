"""Change the list of companies that a contact works for (COMP-04, CONT-07, CLI-06).

The contact owns its links, so "exactly one primary company" is a rule about one document. Each function returns the
new list, or None where nothing changes.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from crm_contracts.contacts import CompanyLink
from crm_contracts.values import ElementRef

from shared.elements.domain.ordered_links import with_one_primary
from shared.kit.domain import invalid_field

Links = tuple[CompanyLink, ...]

MAX_COMPANIES: Final = 50


def find_link(links: Iterable[CompanyLink], company_id: str) -> CompanyLink | None:
    """Return the link to a company, if any."""
    return next((link for link in links if link.company_id == company_id), None)


def link_company(
    links: Links, company: ElementRef, *, position: int, is_primary: bool | None, role_id: int | None
) -> Links | None:
    """Link a company, or change how it is linked; the first one becomes primary, a new primary replaces the old one."""
    others = [link for link in links if link.company_id != company.id]
    link = find_link(links, company.id) or CompanyLink(
        company_id=company.id,
        title=company.title,
        position=position,
        sort=max((link.sort for link in others), default=0) + 10,
    )
    if is_primary:
        others = [other.model_copy(update={"is_primary": False}) for other in others]
    given = {"is_primary": is_primary, "role_id": role_id}
    changed = link.model_copy(update={name: value for name, value in given.items() if value is not None})
    linked = with_one_primary([*others, changed])
    return None if linked == links else linked


def check_can_link(links: Links, company_id: str) -> None:
    """Check that a contact may work for one more company.

    Raises:
        Invalid: `too_many_companies`.
    """
    if find_link(links, company_id) is None and len(links) >= MAX_COMPANIES:
        message = f"a contact works for at most {MAX_COMPANIES} companies"
        raise invalid_field("company_id", "too_many_companies", message)


def unlink_company(links: Links, gone: CompanyLink) -> Links:
    """Remove a link; without a primary the first remaining one becomes primary."""
    return with_one_primary(link for link in links if link is not gone)


def replace_company(links: Links, gone: CompanyLink, survivor: ElementRef) -> Links:
    """Replace a merged company by its survivor, keeping the primary flag and avoiding duplicates (DUP-02)."""
    known = find_link(links, survivor.id) or gone
    place = {"company_id": survivor.id, "title": survivor.title, "is_primary": known.is_primary or gone.is_primary}
    others = [link for link in links if link not in {gone, known}]
    return with_one_primary([*others, known.model_copy(update=place)])


def join_links(links: Links, others: Sequence[CompanyLink]) -> Links:
    """Append the links of merged contacts; a primary of the first contact stays primary (CONT-07, DUP-02)."""
    joined = {link.company_id: link for link in links}
    has_primary = bool(joined)
    for link in others:
        last = max((known.sort for known in joined.values()), default=0)
        added = link.model_copy(update={"sort": last + 10, "is_primary": link.is_primary and not has_primary})
        if link.company_id not in joined:
            joined[link.company_id] = added
            has_primary = has_primary or added.is_primary
    return with_one_primary(joined.values())
