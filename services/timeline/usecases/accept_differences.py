"""The rebuilt projection becomes the live one although it differs, as after a change of the narration (TL-11)."""

from services.timeline.domain.rebuild import Rebuild
from shared.kit.domain import Cause
from shared.kit.storage.repository import Repository


async def accept_differences(rebuild_id: str, cause: Cause, *, rebuilds: Repository[Rebuild]) -> Rebuild:
    """Accept them; some replica switches a moment later.

    Raises:
        NotFound: no such rebuild.
        NothingToAccept: no difference waits for a decision.
    """
    return await rebuilds.change(rebuild_id, lambda rebuild: rebuild.accept(cause.actor), cause)
