"""Departments as rights need them: who works with a user, and who below."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Self

from crm_contracts.departments import DepartmentState


@dataclass(frozen=True, slots=True)
class Departments:
    """All departments.

    Attributes:
        by_user: ids of the departments that a user works in.
        members: users by department.
        below: ids of the departments that belong to a department directly.
        names: what each is called, by id.
    """

    by_user: Mapping[str, frozenset[str]] = field(default_factory=dict)
    members: Mapping[str, frozenset[str]] = field(default_factory=dict)
    below: Mapping[str, frozenset[str]] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, departments: Iterable[DepartmentState]) -> Self:
        """Arrange departments; what belongs to one that is not there stands at the top."""
        by_user: dict[str, set[str]] = {}
        below: dict[str, set[str]] = {}
        members: dict[str, frozenset[str]] = {}
        names: dict[str, str] = {}
        for each in departments:
            members[each.id], names[each.id] = frozenset(each.member_ids), each.name
            for user_id in each.member_ids:
                by_user.setdefault(user_id, set()).add(each.id)
            if each.parent_id is not None:
                below.setdefault(each.parent_id, set()).add(each.id)
        return cls(_frozen(by_user), members, _frozen(below), names)

    def joined(self, user_id: str, departments: frozenset[str]) -> Self:
        """Return them with a user who works in these as well; to others nothing changes."""
        if not departments:
            return self
        return replace(self, by_user={**self.by_user, user_id: self.of_user(user_id) | departments})

    def of_user(self, user_id: str) -> frozenset[str]:
        """Return the ids of the departments that a user works in."""
        return self.by_user.get(user_id, frozenset())

    def colleagues(self, user_id: str) -> frozenset[str]:
        """Return the user, and everybody who works in one of the same departments."""
        return self._users(user_id, self.of_user(user_id))

    def colleagues_and_below(self, user_id: str) -> frozenset[str]:
        """Return the user's colleagues, and everybody in the departments below; a circle of departments ends."""
        found: set[str] = set()
        to_visit = set(self.of_user(user_id))
        while to_visit:
            found |= to_visit
            to_visit = {each for id_ in to_visit for each in self.below.get(id_, ())} - found
        return self._users(user_id, found)

    def _users(self, user_id: str, departments: Iterable[str]) -> frozenset[str]:
        return frozenset({user_id}).union(*(self.members.get(each, ()) for each in departments))


def _frozen(sets: Mapping[str, set[str]]) -> Mapping[str, frozenset[str]]:
    return {name: frozenset(found) for name, found in sets.items()}
