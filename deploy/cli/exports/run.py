"""Export all contacts that may be exported (CONT-06), or all companies, newest first.

A record created while it runs is not exported, and one changed meanwhile is exported once, in its old or new version:
pages are ordered by the time of creation, which never changes.
"""

from collections.abc import AsyncIterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from crm_contracts.elements import COMPANY, CONTACT
from rich.console import Console

from deploy.cli.answers import Problem
from deploy.cli.client import LARGEST_PAGE, Crm, address
from deploy.cli.exports.columns import COMPANY_COLUMNS, CONTACT_COLUMNS, company_row, contact_row, primary_company
from deploy.cli.exports.files import writing
from deploy.cli.pool import each
from deploy.cli.progress import remote_bar

_PARALLEL: Final = 8


class Exported(StrEnum):
    """What can be exported."""

    CONTACTS = CONTACT.plural
    COMPANIES = COMPANY.plural


async def export(
    crm: Crm, what: Exported, file: Path, *, console: Console, originator: str | None = None, delimiter: str = ","
) -> int:
    """Write the file, and return how many rows it has.

    Raises:
        BadFile: it cannot be written, or not in this format.
        Problem: the token does not allow it; there is no file then, or the one that was there.
    """
    columns = CONTACT_COLUMNS if what is Exported.CONTACTS else COMPANY_COLUMNS
    rows = _contacts(crm, originator) if what is Exported.CONTACTS else _companies(crm, originator)
    count = 0
    with writing(file, columns, delimiter) as put, remote_bar(console) as report:
        async for row in rows:
            put(row)
            count += 1
            report(f"Exporting {what.value}", count, 0)
    return count


async def _companies(crm: Crm, originator: str | None) -> AsyncIterator[list[str]]:
    async for company in crm.pages("clients", address("companies"), originator_id=originator):
        yield company_row(company)


async def _contacts(crm: Crm, originator: str | None) -> AsyncIterator[list[str]]:
    origins: dict[str, str | None] = {}
    batch: list[dict[str, Any]] = []
    async for contact in crm.pages("clients", address("contacts", "export")):
        if originator in {None, contact["originator_id"]}:
            batch.append(contact)
        if len(batch) == LARGEST_PAGE:
            for row in await _rows(crm, batch, origins):
                yield row
            batch = []
    for row in await _rows(crm, batch, origins):
        yield row


async def _rows(crm: Crm, contacts: Sequence[dict[str, Any]], origins: dict[str, str | None]) -> list[list[str]]:
    """Return the rows of these contacts; `origins` of the companies are read once each."""
    companies = {contact["id"]: primary_company(contact).get("company_id") for contact in contacts}
    new = sorted({company for company in companies.values() if company and company not in origins})
    origins |= zip(new, await each(new, lambda company: _origin(crm, company), parallel=_PARALLEL), strict=True)
    return [contact_row(contact, origins.get(companies[contact["id"]] or "")) for contact in contacts]


async def _origin(crm: Crm, company: str) -> str | None:
    try:
        found: str | None = (await crm.get("clients", address("companies", company)))["origin_id"]
    except Problem as problem:
        if problem.code in {"gone", "not_found"}:  # since the contact was read
            return None
        raise
    return found
