"""Use cases of the CRM mode."""

from collections.abc import Awaitable, Callable
from typing import Final

from crm_contracts.settings import MODE, ModeConversion, ModeName

from services.leads.mode.domain import CrmMode, Switched
from shared.kit.domain import Cause, Clock
from shared.kit.storage.repository import Records, Repository

ACTOR: Final = "service:leads"


async def seed_mode(
    clock: Clock, initial: ModeName, *, settings: Repository[CrmMode], has_leads: Callable[[], Awaitable[bool]]
) -> None:
    """Set the mode of a fresh installation, once even where several replicas start (MODE-01).

    An installation that has leads from before there were modes stays as it was: Classic.
    """
    if await settings.find(MODE) is not None:
        return
    mode: ModeName = "classic" if await has_leads() else initial
    cause = Cause(key=f"seed:{MODE}", actor=ACTOR, at=clock(), correlation_id=f"seed:{MODE}")
    await settings.add(CrmMode.create(mode, by=cause.actor, at=cause.at), cause)


async def switch_mode(
    mode: ModeName,
    conversion: ModeConversion | None,
    switched: Switched,
    cause: Cause,
    *,
    settings: Records[CrmMode],
    allows_classic: bool,
    expected_version: int | None = None,
) -> CrmMode:
    """Choose the mode (MODE-04, MODE-06); where it is chosen already, nothing changes.

    Raises:
        PlanRestriction: Classic is not in the plan.
        VersionMismatch: the caller's copy is old.
    """
    return await settings.change(
        MODE,
        lambda found: found.switch(mode, conversion, switched, allows_classic=allows_classic),
        cause,
        expected_version=expected_version,
    )
