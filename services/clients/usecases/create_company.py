"""A company is entered (COMP-01)."""

from collections.abc import Mapping
from typing import Any

from services.clients.domain.company import Company
from shared.kit.domain import Cause
from shared.kit.mongo import Numbers
from shared.kit.repository import Repository


async def create_company(
    id_: str,
    fields: Mapping[str, Any],
    origin: tuple[str, str] | None,
    cause: Cause,
    *,
    companies: Repository[Company],
    numbers: Numbers,
) -> Company:
    """Create it; the caller is responsible for it unless somebody else is named.

    Raises:
        NameMissing: it cannot be called anything.
        OriginTaken: the origin belongs to another company.
    """
    given = {"responsible_id": cause.subject, **fields}
    return await companies.add_numbered(
        lambda number: Company.create(id_, number, given, by=cause.actor, at=cause.at, origin=origin), cause, numbers
    )
