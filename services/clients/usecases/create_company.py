"""A company is entered (COMP-01)."""

from collections.abc import Mapping
from typing import Any

from crm_contracts.values import ElementRef

from services.clients.domain.codes import COMPANY_CODES, Dictionaries
from services.clients.domain.company import Company
from shared.kit.domain import Cause
from shared.kit.storage.numbers import Numbers
from shared.kit.storage.repository import Repository


async def create_company(
    id_: str,
    fields: Mapping[str, Any],
    origin: tuple[str, str] | None,
    cause: Cause,
    *,
    companies: Repository[Company],
    dictionaries: Dictionaries,
    numbers: Numbers,
    link_to: ElementRef | None = None,
) -> Company:
    """Create it; the caller is responsible unless somebody is named, and fields with a dictionary have a default.

    The element that it is created from, if any, links it when it hears of it (CLI-05).

    Raises:
        NameMissing: it cannot be called anything.
        UnknownValue: naming every field with a code that its dictionary has not (DICT-01).
        OriginTaken: the origin belongs to another company.
    """
    codes = await dictionaries.codes(COMPANY_CODES)
    given = {"responsible_id": cause.subject, **codes.for_new(fields)}
    return await companies.add_numbered(
        lambda number: Company.create(id_, number, given, by=cause.actor, at=cause.at, origin=origin, link_to=link_to),
        cause,
        numbers,
    )
