"""Use cases of roles and departments: seed, set, correct and delete them (PERM-01, PERM-09)."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Protocol, TypeVar

from services.catalog.access.domain.department import Department, check_parent
from services.catalog.access.domain.errors import DepartmentHasDepartments
from services.catalog.access.domain.role import Role
from services.catalog.access.domain.seeds import SEEDS
from shared.kit.domain import Cause
from shared.kit.storage.repository import Records, Repository, refuse_new
from shared.kit.storage.repository_errors import IdTaken

A = TypeVar("A", Role, Department)

ACTOR = "service:catalog"


class Tree(Protocol):
    """Where the departments belong."""

    async def parents(self) -> Mapping[str, str | None]:
        """Find the department that each of them belongs to."""
        ...


async def seed_roles(at: datetime, *, roles: Repository[Role]) -> None:
    """Create the roles that every CRM begins with, each once; one that was deleted stays so (PERM-01)."""
    for id_, fields in SEEDS.items():
        if await roles.find_with_deleted(id_) is None:
            # The cause is the same in every replica, so the second insert is a repeat of the first.
            cause = Cause(key=f"seed:role:{id_}", actor=ACTOR, at=at, correlation_id=f"seed:role:{id_}")
            await roles.add(Role.create(id_, dict(fields)), cause)


async def set_record(
    id_: str,
    fields: Mapping[str, Any],
    cause: Cause,
    *,
    records: Repository[A],
    guarded: Records[A],
    create: Callable[[str, Mapping[str, Any]], A],
    expected_version: int | None = None,
) -> tuple[A, bool]:
    """Create a role or a department, or set all fields of the one that is there.

    Returns:
        It, and whether it is new.

    Raises:
        Gone: it was deleted.
        Invalid, Refused: see `create` and `correct` of what it is.
        VersionMismatch: the caller's copy is old, or there is none of which it has a copy.
    """
    if await records.find_with_deleted(id_) is None:
        refuse_new(records.noun, expected_version)
        try:
            return await records.add(create(id_, fields), cause), True
        except IdTaken:  # another request created it meanwhile
            pass
    return await correct_record(id_, fields, cause, records=guarded, expected_version=expected_version), False


async def correct_record(
    id_: str,
    changes: Mapping[str, Any],
    cause: Cause,
    *,
    records: Records[A],
    expected_version: int | None = None,
) -> A:
    """Set the given fields of a role or a department.

    Raises:
        NotFound: there is none.
        Invalid, Refused: see `correct` of what it is.
        VersionMismatch: the caller's copy is old.
    """
    return await records.change(id_, lambda found: found.correct(changes), cause, expected_version=expected_version)


async def check_department(id_: str, changes: Mapping[str, Any], *, tree: Tree) -> None:
    """Check where a department is to belong, where that is given.

    Raises:
        DepartmentNotFound: to none that exists.
        DepartmentCircle: to itself.
    """
    if changes.get("parent_id") is not None:
        check_parent(id_, changes["parent_id"], await tree.parents())


async def delete_record(id_: str, cause: Cause, *, records: Records[A], expected_version: int | None = None) -> None:
    """Delete a role or a department.

    Raises:
        NotFound: there is none.
        SystemRole: it is the administrator's.
        VersionMismatch: the caller's copy is old.
    """
    await records.change(id_, lambda found: found.delete(at=cause.at), cause, expected_version=expected_version)


async def delete_department(
    id_: str, cause: Cause, *, departments: Records[Department], tree: Tree, expected_version: int | None = None
) -> None:
    """Delete a department to which no other one belongs.

    Raises:
        NotFound: there is none.
        DepartmentHasDepartments: others belong to it.
        VersionMismatch: the caller's copy is old.
    """
    below = sorted(each for each, parent in (await tree.parents()).items() if parent == id_)
    if below:
        raise DepartmentHasDepartments(f"{', '.join(below[:5])} belong to {id_}; move or delete them first.")
    await delete_record(id_, cause, records=departments, expected_version=expected_version)
