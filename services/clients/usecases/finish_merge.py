"""What a merge is to take over ends, and is taken over (DUP-02).

The surprise: whoever began a merge may be no more, so whoever hears of it does the same; both may do so at once.
"""

from typing import TypeVar

from services.clients.domain.company import Company
from services.clients.domain.contact import Contact
from services.clients.domain.errors import MergeRunning
from shared.kit.domain import Cause
from shared.kit.storage.repository import Repository
from shared.kit.storage.repository_errors import ConcurrentUpdate, Gone, VersionMismatch

C = TypeVar("C", Contact, Company)


async def finish_merge(survivor_id: str, merge_id: str, cause: Cause, *, owners: Repository[C]) -> C:
    """End what was begun; ended before, it changes nothing.

    Raises:
        NotFound: there is no such survivor any more, so it had ended.
    """
    survivor = await owners.get(survivor_id)
    merge = survivor.merging
    if merge is None or merge.id != merge_id:
        return survivor
    ended = set()
    for part in merge.parts:
        try:
            await owners.change(
                part.ref.id,
                lambda found: found.end_in(survivor.ref, by=cause.actor, at=cause.at),
                cause.step(f"into {survivor_id}"),
                expected_version=part.version,
            )
            ended.add(part.ref.id)
        except Gone as gone:
            if gone.details.get("merged_into") == survivor_id:
                ended.add(part.ref.id)
        except (VersionMismatch, ConcurrentUpdate, MergeRunning):
            continue  # it changed since it was copied: it goes on, and may be merged as it is now
    return await owners.change(
        survivor_id,
        lambda found: found.finish_merge(merge_id, ended, by=cause.actor, at=cause.at),
        cause.step(f"finish {merge_id}"),
    )
