"""The rights of one user, compiled: a filter for lists, a check of one record, the fields that are shown.

Nothing else decides what a user may do. The filter and the check are written apart and are held to be the same by a
test, so neither can be wrong alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

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

    def filter(self, type_: ElementType, action: Action) -> Node:
        """Return the filter of the records that the user may do this to (PERM-01, PERM-02, PERM-04, CMN-05)."""
        parts = [
            part
            for scope, level in self._scopes(type_, action)
            for part in self._found(scope, _open(level, type_), action)
        ]
        return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))

    def may(self, type_: ElementType, action: Action, record: Accessed) -> bool:
        """Return whether the user may do this to a record as it is (PERM-01, PERM-02, PERM-04, CMN-05)."""
        level = self.levels.at(type_.noun, action, record.pipeline_id, record.stage_id)
        if level == "all" or (self.user_id in record.observers and _includes_observed(action, level)):
            return True
        if level == "opened" and record.open_to_all:
            return True
        return record.responsible_id is not None and record.responsible_id in self._responsible(level)

    def may_some(self, type_: ElementType, action: Action) -> bool:
        """Return whether there can be records of the type, in any place, that the user may do this to."""
        places = {("", ""), *self.levels.places(type_.noun, action)}
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


def _open(level: Level, type_: ElementType) -> Level:
    """Return the level that this one is for a type whose records no user is responsible for: all are open to all."""
    return "all" if level == "opened" and "responsible_id" not in type_.state.model_fields else level


def _includes_observed(action: Action, level: Level) -> bool:
    """Return whether a level extends to records that the user observes: to read them it always does (CMN-05)."""
    return action == "read" or (action == "export" and level != "none")
