"""A company is deleted (COMP-10)."""

from services.clients.domain.company import Company
from shared.kit.domain import Cause
from shared.kit.storage.repository import Repository


async def delete_company(
    id_: str, cause: Cause, *, companies: Repository[Company], expected_version: int | None = None
) -> None:
    """End it; who links it hears of that.

    Raises:
        NotFound: no such company, or it was deleted before.
        VersionMismatch: the caller's copy is old.
    """
    await companies.change(
        id_,
        lambda company: company.delete(by=cause.actor, at=cause.at),
        cause,
        expected_version=expected_version,
    )
