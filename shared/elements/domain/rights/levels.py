"""The level that roles give to an action at a place: the narrowest right that names it, the widest of several roles."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, Self, get_args

from crm_contracts.roles import EVERY, Action, Level, RoleState

LEVELS: Final[Sequence[Level]] = get_args(Level)
"""From the narrowest to the widest."""

Place = tuple[str, str, str]
"""Type of element, pipeline and stage; the last two may be empty."""


class Given(NamedTuple):
    """A level, with the role that gives it and the place that the right is to; both None where no right does."""

    level: Level = "none"
    role_id: str | None = None
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Levels:
    """The rights of several roles, by role, place and action."""

    roles: Mapping[str, Mapping[Place, Mapping[str, str]]]

    @classmethod
    def of(cls, roles: Sequence[RoleState]) -> Self:
        """Arrange the rights of roles."""
        return cls({role.id: {right.place: right.levels for right in role.rights} for role in roles})

    def at(self, noun: str, action: Action, pipeline_id: str | None = None, stage_id: str | None = None) -> Level:
        """Return the level of an action on records of a type, in a pipeline, in a stage (PERM-01, PERM-02)."""
        return self.given(noun, action, pipeline_id, stage_id).level

    def given(self, noun: str, action: Action, pipeline_id: str | None = None, stage_id: str | None = None) -> Given:
        """Return the level of an action at a place, and which right of which role it is from."""
        pipeline, stage = pipeline_id or "", stage_id or ""
        chain = ((noun, pipeline, stage), (noun, pipeline, ""), (noun, "", ""), (EVERY, "", ""))
        found = [
            next(
                (
                    Given(_known(rights[place][action]), id_, place)
                    for place in chain
                    if action in rights.get(place, ())
                ),
                Given(),
            )
            for id_, rights in self.roles.items()
        ]
        return max(found, key=lambda each: LEVELS.index(each.level), default=Given())

    def places(self, noun: str, action: Action) -> Iterator[tuple[str, str]]:
        """Yield the pipelines and stages of a type that any role has a right of its own for."""
        for rights in self.roles.values():
            for (element, pipeline, stage), levels in rights.items():
                if element == noun and action in levels and (pipeline or stage):
                    yield pipeline, stage


def _known(level: str) -> Level:
    """Return the level; one that this version does not know allows nothing."""
    return next((each for each in LEVELS if each == level), "none")
