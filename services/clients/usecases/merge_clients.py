"""Contacts, or companies, that are the same become one (DUP-02)."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TypeVar

from services.clients.domain.company import Company
from services.clients.domain.contact import Contact
from services.clients.usecases.finish_merge import finish_merge
from shared.kit.domain import Cause, Invalid, derived_id
from shared.kit.storage.repository import Repository
from shared.kit.storage.repository_errors import ConcurrentUpdate

C = TypeVar("C", Contact, Company)
ATTEMPTS = 3


async def merge_clients(
    survivor_id: str,
    other_ids: Sequence[str],
    resolution: Mapping[str, str],
    cause: Cause,
    *,
    owners: Repository[C],
    expected_version: int | None = None,
) -> C:
    """Let the survivor take over the others; those that it took over before are no effort.

    Raises:
        NotFound: there is no such survivor.
        Invalid: some of the others are not there, or are the survivor, or the resolution does not fit.
        MergeConflict: they differ, and nothing says whose values count; nothing was changed.
        MergeRunning: the survivor takes over others just now.
        NotMergeable: they cannot be one.
        ConcurrentUpdate: some of the others are being changed or merged by somebody else; the rest was merged.
        VersionMismatch: the caller's copy of the survivor is old.
    """
    survivor = await owners.get(survivor_id)
    if survivor.merging is not None:  # whoever began it may be no more
        survivor = await finish_merge(survivor_id, survivor.merging.id, cause, owners=owners)
    attempt = 0
    while others := await _left(survivor, other_ids, owners):
        if attempt == ATTEMPTS:
            raise ConcurrentUpdate("Some of these records are being changed by others; merge them again.")
        merge_id = derived_id("merge", survivor_id, cause.key, attempt)
        # Whose value counts, but for those whose value the survivor has taken already.
        left = {other.id for other in others}
        given = {name: survivor_id if id_ in {*other_ids} - left else id_ for name, id_ in resolution.items()}
        await owners.change(
            survivor_id,
            partial(_begin, merge_id=merge_id, others=others, resolution=given, cause=cause),
            cause.step(f"merge {attempt}"),
            expected_version=None if attempt else expected_version,
        )
        survivor = await finish_merge(survivor_id, merge_id, cause, owners=owners)
        attempt += 1
    return survivor


def _begin(survivor: C, *, merge_id: str, others: Sequence[C], resolution: Mapping[str, str], cause: Cause) -> None:
    survivor.begin_merge(merge_id, others, resolution, by=cause.actor, at=cause.at)


async def _left(survivor: C, other_ids: Sequence[str], owners: Repository[C]) -> list[C]:
    """The others that were not taken over yet."""
    left, errors = [], []
    for place, id_ in enumerate(other_ids):
        if id_ in other_ids[:place]:
            continue
        found = await owners.find_with_deleted(id_)
        if id_ == survivor.id:
            errors.append({"field": f"others.{place}", "code": "survivor", "message": "is the survivor itself"})
        elif found is None or (found.deleted_at and found.merged_into != survivor.id):
            message = f"there is no {owners.noun} {id_}"
            if found and found.merged_into:
                message += f"; it was merged into {found.merged_into}"
            errors.append({"field": f"others.{place}", "code": "not_found", "message": message})
        elif not found.deleted_at:
            left.append(found)
    if errors:
        raise Invalid("Some of the others cannot be merged.", {"errors": errors})
    return left
