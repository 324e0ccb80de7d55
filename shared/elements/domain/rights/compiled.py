"""The rights of one user, compiled: a filter for lists, a check of one record, the fields that are shown.

Nothing else decides what a user may do. The filter and the check are written apart and are held to be the same by a
test, so neither can be wrong alone.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Literal

from crm_contracts.elements import ElementType
from crm_contracts.roles import Action, Level, RoleState

from shared.elements.domain.fields import CatalogueField, catalogue_of
from shared.elements.domain.filters.nodes import EVERYTHING, All, AnyOf, Condition, Node
from shared.elements.domain.rights.accessed import (
    ACCESS,
    ACCESS_OR_OPEN,
    OPEN,
    Accessed,
    mark_of_observer,
    mark_of_responsible,
)
from shared.elements.domain.rights.departments import Departments
from shared.elements.domain.rights.levels import LEVELS, Levels

Reason = Literal["all", "observer", "responsible", "department", "open_to_all"]
"""Why a user may do something to a record: the level is for all, or what makes the record one that it extends to."""

NOTHING: Final = AnyOf(())
"""The filter that no record passes: no query is made at all."""


@dataclass(frozen=True, slots=True)
class Audience:
    """Who is shown a field (UF-10)."""

    user_ids: frozenset[str] = frozenset()
    department_ids: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Rights:
    """What one user may do."""

    user_id: str
    levels: Levels
    departments: Departments
    modify_settings: bool = False

    @classmethod
    def of(cls, user_id: str, roles: Sequence[RoleState], departments: Departments) -> "Rights":
        """Compile the roles that a user has."""
        return cls(user_id, Levels.of(roles), departments, any(role.modify_settings for role in roles))

    @property
    def has_role(self) -> bool:
        """Whether any role gives them; without one the token alone says what the user may do."""
        return bool(self.levels.roles)

    @property
    def mark(self) -> str:
        """Mark what they extend to: others have another mark."""
        given = [
            [role, sorted((place, sorted(of.items())) for place, of in each.items())]
            for role, each in sorted(self.levels.roles.items())
        ]
        users = [sorted(self._responsible(level)) for level in LEVELS]
        described = json.dumps([self.user_id, given, users, self.modify_settings])
        return sha256(described.encode()).hexdigest()[:32]

    def filter(self, type_: ElementType, action: Action) -> Node:
        """Return the filter of the records that the user may do this to (PERM-01, PERM-02, PERM-04, CMN-05)."""
        found = self._found if "responsible_id" in type_.state.model_fields else _found_without_responsible
        parts = [part for scope, level in self._scopes(type_, action) for part in found(scope, level, action)]
        return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))

    def may(self, type_: ElementType, action: Action, record: Accessed) -> bool:
        """Return whether the user may do this to a record as it is (PERM-01, PERM-02, PERM-04, CMN-05)."""
        return self.reason(type_, action, record) is not None

    def reason(self, type_: ElementType, action: Action, record: Accessed) -> Reason | None:
        """Return why the user may do this to a record; None where that is not allowed."""
        level = self.levels.at(type_.noun, action, *record.place)
        if level == "all":
            return "all"
        if self.user_id in record.observers and _includes_observed(action, level):
            return "observer"
        if record.responsible_id is not None and record.responsible_id in self._responsible(level):
            return "responsible" if record.responsible_id == self.user_id else "department"
        return "open_to_all" if level == "opened" and record.open_to_all else None

    def may_some(self, type_: ElementType, action: Action, pipeline_id: str | None = None) -> bool:
        """Return whether there can be records of the type, in any place or in a pipeline, that the user may do this to.

        Those that the user observes do not count.
        """
        named = self.levels.places(type_.noun, action)
        places = {(pipeline_id or "", ""), *(place for place in named if pipeline_id in {None, place[0]})}
        return any(self.levels.at(type_.noun, action, *place) != "none" for place in places)

    def visible_fields(self, type_: ElementType, audiences: Mapping[str, Audience]) -> Mapping[str, CatalogueField]:
        """Return the fields that exist for the user; `audiences` has those that few are shown, by name (PERM-07)."""
        mine = self.departments.of_user(self.user_id)
        hidden = {
            name
            for name, audience in audiences.items()
            if self.user_id not in audience.user_ids and not mine & audience.department_ids
        }
        return {name: each for name, each in catalogue_of(type_).items() if name not in hidden}

    def _responsible(self, level: Level) -> frozenset[str]:
        """Return the users whose records the level extends to."""
        if level == "none":
            return frozenset()
        if level == "own":
            return frozenset({self.user_id})
        if level == "department":
            return self.departments.colleagues(self.user_id)
        return self.departments.colleagues_and_below(self.user_id)

    def _found(self, scope: Sequence[Node], level: Level, action: Action) -> Iterator[Node]:
        """Yield the filter of the records of a scope to which the level extends; nothing where there are none."""
        if level == "all":
            yield All(tuple(scope)) if scope else EVERYTHING
            return
        marks = [mark_of_responsible(each) for each in sorted(self._responsible(level))]
        if _includes_observed(action, level):
            marks.append(mark_of_observer(self.user_id))
        if level == "opened":
            marks.append(OPEN)
        if marks:
            access = Condition(ACCESS_OR_OPEN if level == "opened" else ACCESS, "in", tuple(marks))
            yield All((*scope, access)) if scope else access

    def _scopes(self, type_: ElementType, action: Action) -> Iterator[tuple[Sequence[Node], Level]]:
        """Yield the parts of a type that have a level of their own, none of which overlap, with their levels."""
        noun, at = type_.noun, self.levels.at
        places = {
            (pipeline, stage)
            for pipeline, stage in self.levels.places(noun, action)
            if at(noun, action, pipeline, stage) != at(noun, action, pipeline if stage else None)
        }
        pipelines = sorted({pipeline for pipeline, _ in places if pipeline})
        fields = catalogue_of(type_)
        outside = [Condition(fields["pipeline_id"], "not in", tuple(pipelines))] if pipelines else []
        for pipeline in ("", *pipelines):
            within = [Condition(fields["pipeline_id"], "=", pipeline)] if pipeline else outside
            stages = sorted(stage for each, stage in places if each == pipeline and stage)
            if stages:
                others = Condition(fields["stage_id"], "not in", tuple(stages))
                yield [*within, others], at(noun, action, pipeline)
            else:
                yield within, at(noun, action, pipeline)
            for level in LEVELS:
                alike = tuple(each for each in stages if at(noun, action, pipeline, each) == level)
                if alike:
                    yield [*within, Condition(fields["stage_id"], "in", alike)], level


def _found_without_responsible(scope: Sequence[Node], level: Level, _: Action) -> Iterator[Node]:
    """Yield the filter of the records of a scope that no user is responsible for: all of them are open to all."""
    if level in {"opened", "all"}:
        yield All(tuple(scope)) if scope else EVERYTHING


def _includes_observed(action: Action, level: Level) -> bool:
    """Return whether a level extends to records that the user observes: to read them it always does (CMN-05)."""
    return action == "read" or (action == "export" and level != "none")
