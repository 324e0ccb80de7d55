"""The requisites that count for a deal are chosen (REQ-05)."""

from crm_contracts.requisites import RequisiteChoice

from services.deals.domain.deal import Deal
from shared.kit.domain import Cause
from shared.kit.storage.repository import Repository


async def choose_deal_requisites(
    id_: str, choice: RequisiteChoice, cause: Cause, *, deals: Repository[Deal], expected_version: int | None = None
) -> Deal:
    """Choose them as a whole; whether they fit is asked, the answer comes later.

    Raises:
        NotFound: no such deal.
        VersionMismatch: the caller's copy is old.
    """
    return await deals.change(
        id_,
        lambda deal: deal.choose_requisites(choice, by=cause.actor, at=cause.at),
        cause,
        expected_version=expected_version,
    )
