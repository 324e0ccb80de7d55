"""The largest roles and departments that the rules allow can still be changed and deleted: see docs/guarantees.md."""

from typing import Any

import pytest

from services.catalog.access.domain.department import Department
from services.catalog.access.domain.role import Role
from shared.elements.domain.room import MAX_FIELDS_BYTES, PartTooLarge, size_of
from shared.kit.domain import MAX_EVENT_BYTES
from tests.builders.causes import NOON


def users(letter: str, kind: Any, field: str) -> tuple[str, ...]:
    """As many users as fit."""
    for number in range(5_000, 0, -50):
        found = tuple(f"{letter * 90}{place:0>4}" for place in range(number))
        try:
            kind.create("x", {"name": "x", field: found})
        except PartTooLarge:
            continue
        return found
    pytest.fail("nothing fits")


@pytest.mark.parametrize(("kind", "field"), [(Role, "user_ids"), (Department, "member_ids")])
@pytest.mark.parametrize("letter", ["a", "€", '"'])
def test_the_largest_roles_and_departments_can_be_changed_and_deleted(kind: Any, field: str, letter: str) -> None:
    """PERM-01, PERM-09: an update has what was, what is, and the whole."""
    record = kind.create("x" * 50, {"name": letter * 255, field: users(letter, kind, field)[:-3]})
    record.correct({field: tuple(reversed(getattr(record, field)))})
    record.delete(at=NOON)
    sizes = [size_of(event) for event in record.recorded]
    assert len(sizes) == 3
    assert max(sizes) > 2.5 * MAX_FIELDS_BYTES, "it is large"
    assert max(sizes) <= 3 * MAX_FIELDS_BYTES + 4_096 < MAX_EVENT_BYTES
