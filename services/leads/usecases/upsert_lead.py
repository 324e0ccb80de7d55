"""A lead is taken over from another system, as often as that system likes (CMN-14)."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from services.leads.domain.errors import OriginTaken
from services.leads.domain.lead import Lead
from services.leads.usecases.correct_lead import correct_lead
from services.leads.usecases.create_lead import NewLead
from shared.elements.store.removed_clients import RemovedClients
from shared.kit.domain import Cause, derived_id
from shared.kit.storage.repository import Repository
from shared.kit.storage.repository_errors import IdTaken

Create = Callable[[str, NewLead, Cause], Awaitable[Lead]]
"""`create_lead` with its collaborators."""


class ByOrigin(Protocol):
    """Finds a lead by where it came from."""

    async def by_origin(self, originator: str, origin: str) -> Lead | None:
        """The lead, or None."""
        ...


async def upsert_lead(
    origin: tuple[str, str],
    wish: NewLead,
    cause: Cause,
    *,
    leads: Repository[Lead],
    removed_clients: RemovedClients[Lead],
    views: ByOrigin,
    create: Create,
    expected_version: int | None = None,
) -> tuple[Lead, bool]:
    """Create the lead of this origin, or correct its fields; stage, client and rows are then left alone.

    Returns:
        The lead, and whether it is new.

    Raises:
        VersionMismatch: the caller's copy of a lead that is there is old.
    """
    found = await views.by_origin(*origin)
    if found is None:
        try:
            return await create(derived_id("lead", *origin), wish, cause), True
        except (IdTaken, OriginTaken):
            # Somebody else was faster with the same origin.
            found = await views.by_origin(*origin)
            if found is None:
                raise
    corrected = await correct_lead(
        found.id, wish.fields, cause, leads=leads, removed_clients=removed_clients, expected_version=expected_version
    )
    return corrected, False
