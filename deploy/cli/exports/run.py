"""Export all contacts that may be exported (CONT-06), or all companies, newest first.

A record created while it runs is not exported, and one changed meanwhile is exported once, in its old or new version:
pages are ordered by the time of creation, which never changes.
"""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from crm_contracts.elements import COMPANY, CONTACT
from rich.console import Console

from deploy.cli.answers import Problem
from deploy.cli.client import LARGEST_PAGE, Crm, address
from deploy.cli.exports.columns import (
    COMPANY_COLUMNS,
    CONTACT_COLUMNS,
    NO_ORIGIN,
    Origin,
    company_row,
    contact_row,
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
    columns = CONTACT_COLUMNS if what is Exported.CONTACTS else COMPANY_COLUMNS
    lacking: Counter[str] = Counter() if left_out is None else left_out
    read = _contacts if what is Exported.CONTACTS else _companies
    rows = read(crm, originator, lacking)
    count = 0
    with writing(file, columns, delimiter, overwrite=overwrite) as put, remote_bar(console) as report:
        async for row in rows:
            put(row)
            count += 1
            report(f"Exporting {what.value}", count, 0)
    return count


async def _companies(crm: Crm, originator: str | None, lacking: Counter[str]) -> AsyncIterator[list[str]]:
    async for company in crm.pages("clients", address("companies"), originator_id=originator):
        lacking.update(without_column(company))
        yield company_row(company)


async def _contacts(crm: Crm, originator: str | None, lacking: Counter[str]) -> AsyncIterator[list[str]]:
    origins: dict[str, Origin] = {}
    batch: list[dict[str, Any]] = []
    async for contact in crm.pages("clients", address("contacts", "export")):
        if originator in {None, contact["originator_id"]}:
            batch.append(contact)
            lacking.update(without_column(contact))
        if len(batch) == LARGEST_PAGE:
            for row in await _rows(crm, batch, origins):
                yield row
            batch = []
    for row in await _rows(crm, batch, origins):
        yield row


async def _rows(crm: Crm, contacts: Sequence[dict[str, Any]], origins: dict[str, Origin]) -> list[list[str]]:
    """Return the rows of these contacts; `origins` of the companies are read once each."""
    companies = {link["company_id"] for contact in contacts for link in contact["companies"]}
    new = sorted(companies - origins.keys())
    origins |= zip(new, await each(new, lambda company: _origin(crm, company), parallel=_PARALLEL), strict=True)
    return [contact_row(contact, origins) for contact in contacts]


async def _origin(crm: Crm, company: str) -> Origin:
    try:
        found = await crm.get("clients", address("companies", company))
    except Problem as problem:
        if problem.code in {"gone", "not_found"}:  # since the contact was read
            return NO_ORIGIN
        raise
    return found["originator_id"], found["origin_id"]
