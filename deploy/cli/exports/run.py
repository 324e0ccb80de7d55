"""Export all contacts or deals that may be exported (CONT-06, PERM-01), or all companies, newest first.

A record created while it runs is not exported, and one changed meanwhile is exported once, in its old or new version:
pages are ordered by the time of creation, which never changes.
"""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from crm_contracts.elements import COMPANY, CONTACT, DEAL, ElementType
from rich.console import Console

from deploy.cli.answers import Problem
from deploy.cli.client import LARGEST_PAGE, Crm, address
from deploy.cli.exports.columns import (
    COLUMNS,
    NO_ORIGIN,
    Origin,
    company_row,
    contact_row,
    deal_row,
    without_column,
)
from deploy.cli.exports.files import writing
from deploy.cli.pool import each
from deploy.cli.progress import remote_bar

_PARALLEL: Final = 8


class Exported(StrEnum):
    """What can be exported."""

    CONTACTS = CONTACT.plural
    COMPANIES = COMPANY.plural
    DEALS = DEAL.plural


async def export(
    crm: Crm,
    what: Exported,
    file: Path,
    *,
    console: Console,
    originator: str | None = None,
    delimiter: str = ",",
    overwrite: bool = False,
    left_out: Counter[str] | None = None,
) -> int:
    """Write the file, and return how many rows it has; count by name what records have and no column takes.

    Raises:
        BadFile: it is there already and not to be replaced, or cannot be written, or not in this format.
        Problem: the token does not allow it; there is no file then, or the one that was there.
    """
    lacking: Counter[str] = Counter() if left_out is None else left_out
    type_, read = _READ[what]
    columns, rows = COLUMNS[type_], read(crm, originator, lacking)
    count = 0
    with writing(file, columns, delimiter, overwrite=overwrite) as put, remote_bar(console) as report:
        async for row in rows:
            put(row)
            count += 1
            report(f"Exporting {what.value}", count, 0)
    return count


async def _companies(crm: Crm, originator: str | None, lacking: Counter[str]) -> AsyncIterator[list[str]]:
    async for company in crm.pages("clients", address("companies"), originator_id=originator):
        lacking.update(without_column(COMPANY, company))
        yield company_row(company)


async def _contacts(crm: Crm, originator: str | None, lacking: Counter[str]) -> AsyncIterator[list[str]]:
    origins: dict[str, Origin] = {}
    batch: list[dict[str, Any]] = []
    async for contact in crm.pages("clients", address("contacts", "export")):
        if originator in {None, contact["originator_id"]}:
            batch.append(contact)
            lacking.update(without_column(CONTACT, contact))
        if len(batch) == LARGEST_PAGE:
            for row in await _rows(crm, batch, origins):
                yield row
            batch = []
    for row in await _rows(crm, batch, origins):
        yield row


async def _rows(crm: Crm, contacts: Sequence[dict[str, Any]], origins: dict[str, Origin]) -> list[list[str]]:
    """Return the rows of these contacts; `origins` of the companies are read once each."""
    await _find(crm, COMPANY, {link["company_id"] for contact in contacts for link in contact["companies"]}, origins)
    return [contact_row(contact, origins) for contact in contacts]


async def _deals(crm: Crm, originator: str | None, lacking: Counter[str]) -> AsyncIterator[list[str]]:
    companies, contacts = dict[str, Origin](), dict[str, Origin]()
    batch: list[dict[str, Any]] = []

    async def rows() -> list[list[str]]:
        clients = [deal["client"] for deal in batch]
        await _find(crm, COMPANY, {client["company"]["id"] for client in clients if client["company"]}, companies)
        await _find(crm, CONTACT, {link["contact_id"] for client in clients for link in client["contacts"]}, contacts)
        return [deal_row(deal, companies, contacts) for deal in batch]

    async for deal in crm.pages("deals", address("deals", "export"), originator_id=originator):
        batch.append(deal)
        lacking.update(without_column(DEAL, deal))
        if len(batch) == LARGEST_PAGE:
            for row in await rows():
                yield row
            batch.clear()
    for row in await rows():
        yield row


async def _find(crm: Crm, type_: ElementType, ids: set[str], origins: dict[str, Origin]) -> None:
    """Read the origins of these clients that are not known yet."""
    new = sorted(ids - origins.keys())
    origins |= zip(new, await each(new, lambda id_: _origin(crm, type_, id_), parallel=_PARALLEL), strict=True)


async def _origin(crm: Crm, type_: ElementType, id_: str) -> Origin:
    try:
        found = await crm.get("clients", address(type_.plural, id_))
    except Problem as problem:
        if problem.code in {"gone", "not_found"}:  # since the contact was read
            return NO_ORIGIN
        raise
    return found["originator_id"], found["origin_id"]


_READ: Final[Mapping[Exported, tuple[ElementType, Callable[..., AsyncIterator[list[str]]]]]] = {
    Exported.CONTACTS: (CONTACT, _contacts),
    Exported.COMPANIES: (COMPANY, _companies),
    Exported.DEALS: (DEAL, _deals),
}
