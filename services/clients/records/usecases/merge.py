"""Merge contacts, or companies, that are the same client (DUP-02)."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Final

from crm_contracts.values import ElementRef

from services.clients.records.domain.client import C
from services.clients.records.domain.errors import MergeRunning
from services.clients.records.domain.merge import Mergeable
from shared.kit.domain import Cause, Invalid, NotFound, derived_id, wrong_field
from shared.kit.storage.repository import Repository
from shared.kit.storage.repository_errors import ConcurrentUpdate, Gone, VersionMismatch
from shared.kit.web.guard import Access, EveryRecord

ATTEMPTS = 3
SYSTEM: Final[Access] = EveryRecord()


async def merge_clients(
    survivor_id: str,
    other_ids: Sequence[str],
    resolution: Mapping[str, str],
    cause: Cause,
    *,
    owners: Repository[C],
    access: Access = SYSTEM,
    expected_version: int | None = None,
) -> C:
    """Merge the others into the survivor; those that were merged into it before are skipped.

    Raises:
        NotFound, NotAllowed: of the survivor, or the caller may not update it, or not delete one of the others.
        Invalid: some of the others do not exist, or are the survivor, or the resolution does not fit.
        MergeConflict: they differ, and no resolution names whose values count; nothing was changed.
        MergeRunning, NotMergeable: the survivor is in another merge, or they cannot become one.
        ConcurrentUpdate: some of the others are being changed or merged concurrently; the rest was merged.
        VersionMismatch: the caller's copy of the survivor is old.
    """
    survivor = await _survivor(survivor_id, cause, owners, access)
    attempt = 0
    while others := await _not_merged(survivor, other_ids, owners, access):
        if attempt == ATTEMPTS:
            raise ConcurrentUpdate("Some of these records are being changed by others; merge them again.")
        merge_id = derived_id("merge", survivor_id, cause.key, attempt)
        merged = {*other_ids} - {other.id for other in others}  # in an earlier attempt: the survivor has their values
        given = {name: survivor_id if id_ in merged else id_ for name, id_ in resolution.items()}
        await owners.change(
            survivor_id,
            partial(_begin, merge_id=merge_id, others=others, resolution=given, access=access, cause=cause),
            cause.step(f"merge {attempt}"),
            expected_version=None if attempt else expected_version,
        )
        survivor = await finish_merge(survivor_id, merge_id, cause, owners=owners)
        attempt += 1
    if not attempt:  # nothing was left to merge, and yet the caller's copy has to be the newest
        step = cause.step("merge 0")
        return await owners.change(survivor_id, lambda _: None, step, expected_version=expected_version)
    return survivor


async def finish_merge(survivor_id: str, merge_id: str, cause: Cause, *, owners: Repository[C]) -> C:
    """Complete a merge: tombstone the others, then absorb their data. Idempotent; may run concurrently.

    Raises:
        NotFound: the survivor does not exist any more.
    """
    survivor = await owners.get(survivor_id)
    merge = survivor.merging
    if merge is None or merge.id != merge_id:
        return survivor
    replaced = set()
    for part in merge.parts:
        try:
            await owners.change(
                part.ref.id,
                lambda found: found.end_in(survivor.ref, by=cause.actor, at=cause.at),
                cause.step(f"into {survivor_id}"),
                expected_version=part.version,
            )
            replaced.add(part.ref.id)
        except Gone as gone:
            if gone.details.get("merged_into") == survivor_id:
                replaced.add(part.ref.id)
        except (VersionMismatch, ConcurrentUpdate, MergeRunning):
            continue  # changed since it was copied: it is left out, and may be merged as it is now
    return await owners.change(
        survivor_id,
        lambda found: found.finish_merge(merge_id, replaced, by=cause.actor, at=cause.at),
        cause.step(f"finish {merge_id}"),
    )


async def follow_merges(id_: str, *, owners: Repository[C]) -> C | None:
    """Return the record or its last survivor, deleted or not; None where no record ever had the id."""
    found = await owners.find_with_deleted(id_)
    while found is not None and found.merged_into is not None:
        found = await owners.find_with_deleted(found.merged_into)
    return found


async def surviving_ref(ref: ElementRef, *, owners: Repository[C]) -> ElementRef:
    """Return the pointer to the last survivor of a record that was merged, or the pointer itself."""
    found = await follow_merges(ref.id, owners=owners)
    return ref if found is None or found.id == ref.id else found.ref


async def _survivor(id_: str, cause: Cause, owners: Repository[C], access: Access) -> C:
    """Read the survivor, if the caller may update it, and end its running merge: who began that may have died."""
    try:
        survivor = await owners.get(id_)
    except Gone:
        access.check_gone(owners.noun, id_)
        raise
    access.check("update", survivor)
    if survivor.merging is None:
        return survivor
    return await finish_merge(id_, survivor.merging.id, cause, owners=owners)


def _begin(
    survivor: C,
    *,
    merge_id: str,
    others: Sequence[C],
    resolution: Mapping[str, str],
    access: Access,
    cause: Cause,
) -> None:
    access.check("update", survivor)
    survivor.begin_merge(merge_id, others, resolution, by=cause.actor, at=cause.at)


async def _not_merged(survivor: C, other_ids: Sequence[str], owners: Repository[C], access: Access) -> list[C]:
    """Load the others that were not merged into the survivor yet; the caller may delete them in this version."""
    left, errors = [], []
    for place, id_ in enumerate(other_ids):
        if id_ in other_ids[:place]:
            continue
        found = await owners.find_with_deleted(id_)
        if id_ == survivor.id:
            errors.append(wrong_field(f"others.{place}", "survivor", "is the survivor itself"))
        elif found is None or (found.deleted_at and found.merged_into != survivor.id):
            errors.append(wrong_field(f"others.{place}", "not_found", _missing(owners.noun, id_, found, access)))
        elif not found.deleted_at:
            try:
                access.check("delete", found)
                left.append(found)
            except NotFound:
                errors.append(wrong_field(f"others.{place}", "not_found", _missing(owners.noun, id_, None, access)))
    if errors:
        raise Invalid("Some of the others cannot be merged.", {"errors": errors})
    return left


def _missing(noun: str, id_: str, tombstone: Mergeable[Any] | None, access: Access) -> str:
    """Say that there is no such record, and to those who may know of it what it was merged into."""
    message = f"there is no {noun} {id_}"
    if tombstone is not None and tombstone.merged_into:
        with suppress(NotFound):
            access.check_gone(noun, id_)
            return f"{message}; it was merged into {tombstone.merged_into}"
    return message
