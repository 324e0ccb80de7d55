"""Rights of a caller by the roles of the CRM (PERM-01 to PERM-05): to routes, to single records, to lists of them.

What a caller may not do directly he may not do through a process. The table of these processes is in docs/security.md,
and tests/security/test_processes.py tries each.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final, Protocol, Self, get_args

from crm_contracts.elements import ELEMENTS, ElementType
from crm_contracts.roles import Action, Level

from shared.elements.domain.filters.nodes import EVERYTHING, Node
from shared.elements.domain.rights.accessed import Accessed
from shared.elements.domain.rights.compiled import Rights
from shared.kit.domain import Aggregate, NotAllowed, NotFound
from shared.kit.web.auth import Caller, Forbidden, check_permission
from shared.kit.web.call import Call
from shared.kit.web.guard import Access, EveryRecord

LINK_CLIENTS: Final = tuple(noun for noun, each in ELEMENTS.items() if "client" in each.has)
"""The types whose elements link clients."""

MOVE: Final = "move"
"""The right to move a record to another stage: to update it where it is and where it goes (PERM-02)."""

ACTION: Final[Mapping[str, Action]] = {**{each: each for each in get_args(Action)}, MOVE: "update"}
"""Actions by the names of rights."""

_ACTIONS: Final[Mapping[str, tuple[Action, ...]]] = {
    "write": ("add", "update", "delete", "import"),
    "export": ("export",),
}
"""The rights of which one is enough for a permission to routes."""


class RightMissing(NotAllowed):
    """The roles of the caller do not give the right to do this to the record; `action` and `level` say what they give.

    The level is what the roles give to the action where the record is: `none`, or one that does not extend to it.
    """

    code = "right_missing"
    advice = (
        "Ask an administrator for a role whose level of `action` extends to this record; `GET /v1/access` says which "
        "levels the roles give."
    )

    @classmethod
    def of(cls, type_: ElementType, action: Action, level: Level) -> Self:
        """Make the error of a record of this type."""
        given = (
            "nothing of it"
            if level == "none"
            else f"the level {level} of it, which does not extend to this {type_.noun}"
        )
        message = f"To {action} this {type_.noun} a right is needed: your roles give {given}."
        return cls(message, {"element": type_.noun, "action": action, "level": level})

    @classmethod
    def together(cls, each: Sequence["RightMissing"]) -> Self:
        """Make one error of several; `missing` has the details of all."""
        missing = [dict(error.details) for error in each]
        return cls(" ".join(map(str, each)), {**missing[0], "missing": missing})


class StageRightMissing(RightMissing):
    """The caller may not move the record: records cannot be updated where it is, or not where it would be (PERM-02)."""

    code = "stage_right_missing"
    advice = "Choose another stage, or ask an administrator for the right to update records in `stage_id`."

    @classmethod
    def where(cls, type_: ElementType, level: Level, record: Accessed) -> Self:
        """Make the error of a record that is, or would be, in this place."""
        place = {"pipeline_id": record.pipeline_id, "stage_id": record.stage_id}
        details = {**cls.of(type_, "update", level).details, **place}
        to = f"To move this {type_.noun} the right to update it in the stage {record.stage_id} is needed"
        return cls(f"{to}: your roles give the level {level} of it.", details)


class CompiledRights(Protocol):
    """Where the rights of users are found."""

    async def restricting(self, actor: str, named: Iterable[str]) -> Rights | None:
        """Compile the rights that restrict an actor whose token names these roles; None of whom none restricts.

        A department that the token names is among them, as `department:<id>`.
        """
        ...


@dataclass(frozen=True, slots=True)
class RoleAccess:
    """The rights of one user to single records."""

    rights: Rights

    def check(self, right: str, record: Aggregate) -> None:
        """Check a right to the record as it is; see `Access`."""
        type_ = ELEMENTS.get(record.NOUN)
        if type_ is not None:
            self._check(type_, right, Accessed.of(record), record.id)

    @contextmanager
    def changing(self, right: str, record: Aggregate) -> Iterator[None]:
        """Check a right to the record as it is, and to the pipeline and stage that it is moved to (PERM-02).

        Where others are made as it is, and these are to be others' or elsewhere, that takes the right to add them.
        """
        type_ = ELEMENTS.get(record.NOUN)
        if type_ is None:
            yield
            return
        before = Accessed.of(record)
        self._check(type_, right, before, record.id)
        yield
        after = Accessed.of(record)
        moved = replace(before, pipeline_id=after.pipeline_id, stage_id=after.stage_id)
        if moved.place != before.place and not self.rights.may(type_, "update", moved):
            raise StageRightMissing.where(type_, self._level(type_, "update", moved), moved)
        if getattr(record, "makes_alike", False) and after.without_observers != before.without_observers:
            self._check(type_, "add", after, record.id)

    def check_accessed(self, right: str, type_: ElementType, id_: str, record: Accessed) -> None:
        """Check a right to what a view knows of a record; see `Access`."""
        self._check(type_, right, record, id_)

    def check_gone(self, noun: str, id_: str) -> None:
        """Let those know of deleted records who may read all that there are."""
        type_ = ELEMENTS.get(noun)
        if type_ is not None and not self.rights.may(type_, "read", Accessed()):
            message = f"There is no {noun} {id_}."
            raise NotFound(message)

    def _check(self, type_: ElementType, right: str, record: Accessed, id_: str) -> None:
        action = ACTION[right]
        if action != "add" and not self.rights.may(type_, "read", record):
            message = f"There is no {type_.noun} {id_}."
            raise NotFound(message)
        if action == "read" or self.rights.may(type_, action, record):
            return
        level = self._level(type_, action, record)
        raise StageRightMissing.where(type_, level, record) if right == MOVE else RightMissing.of(type_, action, level)

    def _level(self, type_: ElementType, action: Action, record: Accessed) -> Level:
        return self.rights.levels.at(type_.noun, action, *record.place)


class RoleAuthority:
    """What users may do by their roles; who has none, such as a service account, may do what the token says."""

    def __init__(self, rights: CompiledRights) -> None:
        self._rights = rights

    async def grants(self, caller: Caller, permission: str) -> bool:
        """Return whether the roles of a user give a permission to routes that the token does not give."""
        rights = await self._rights.restricting(caller.actor, caller.named_roles)
        service, _, action = permission.partition(":")
        if rights is None or not rights.has_role:
            return False
        if action == "settings":
            return rights.modify_settings
        types = [each for each in ELEMENTS.values() if service in {each.service, "timeline"}]
        if action == "read":  # what a user observes he reads whatever the roles (CMN-05)
            return bool(types)
        return any(rights.may_some(each, wanted) for each in types for wanted in _ACTIONS.get(action, ()))

    async def access(self, caller: Caller) -> Access:
        """Return the rights of a caller to single records."""
        rights = await self._rights.restricting(caller.actor, caller.named_roles)
        return EveryRecord() if rights is None else RoleAccess(rights)

    async def mark(self, caller: Caller) -> str:
        """Mark the rights of a caller to single records; nothing where no role restricts the caller."""
        rights = await self._rights.restricting(caller.actor, caller.named_roles)
        return "" if rights is None else rights.mark


class HasAccess(Protocol):
    """A call, or the records that it guards."""

    @property
    def access(self) -> Access:
        """The rights of the caller to single records."""
        ...


def rights_of(call: HasAccess) -> Rights | None:
    """Return the rights that restrict a caller; None of one who may do to every record what the token says."""
    return call.access.rights if isinstance(call.access, RoleAccess) else None


def records_for(call: HasAccess, type_: ElementType, action: Action = "read") -> Node:
    """Return the filter of the records that the caller may do this to."""
    rights = rights_of(call)
    return EVERYTHING if rights is None else rights.filter(type_, action)


def may(call: HasAccess, type_: ElementType, action: Action, record: Aggregate) -> bool:
    """Return whether the caller may do this to a record, which he may read."""
    rights = rights_of(call)
    return rights is None or rights.may(type_, action, Accessed.of(record))


def has_modify_settings(call: Call, service: str) -> bool:
    """Return whether the caller may change settings, by the token or by a role (PERM-05)."""
    rights = rights_of(call)
    is_opened = rights is not None and rights.modify_settings and not call.caller.is_limited
    return is_opened or call.caller.may(f"{service}:settings")


def check_administers(call: Call, type_: ElementType, given: Collection[str]) -> None:
    """Check that the caller is an administrator, where something is given that administrators alone give.

    Raises:
        Forbidden: it is given, and the caller is none.
    """
    if given and not has_modify_settings(call, type_.service):
        raise Forbidden(f"{type_.service}:settings")


def check_some(call: Call, type_: ElementType, action: Action) -> None:
    """Check that there can be records of the type that the caller may do this to: for what is no single record's.

    Raises:
        RightMissing: the caller's roles give nothing of it anywhere.
    """
    rights = rights_of(call)
    if rights is not None and not rights.may_some(type_, action):
        raise RightMissing.of(type_, action, "none")


@dataclass(frozen=True, slots=True)
class Needed:
    """A right that a process needs: to a record as it will be, or to some record of the type (None)."""

    type: ElementType
    action: Action
    record: Accessed | None = None

    def is_given(self, rights: Rights) -> bool:
        """Return whether these rights give it."""
        if self.record is None:
            return rights.may_some(self.type, self.action)
        return rights.may(self.type, self.action, self.record)

    def missing(self, rights: Rights) -> RightMissing:
        """Make the error of rights that do not give it."""
        place = self.record.place if self.record is not None else (None, None)
        return RightMissing.of(self.type, self.action, rights.levels.at(self.type.noun, self.action, *place))


def check_needed(call: Call, needed: Sequence[Needed]) -> None:
    """Check that the caller has every right that a process needs.

    Raises:
        RightMissing: naming every one that the caller's roles do not give.
        Forbidden: naming every permission that the token lacks, where it has scopes or no role restricts its bearer.
    """
    rights = rights_of(call)
    if rights is None or call.caller.is_limited:
        check_permission(call.caller, *dict.fromkeys(f"{each.type.service}:write" for each in needed))
    if rights is None:
        return
    check_roles(call, needed)


def check_roles(caller: HasAccess, needed: Sequence[Needed]) -> None:
    """Check the same by the roles alone, of whom these restrict: where a process goes on without the token.

    Raises:
        RightMissing: naming every right that the caller's roles do not give.
    """
    rights = rights_of(caller)
    missing = [each.missing(rights) for each in needed if not each.is_given(rights)] if rights is not None else []
    if missing:
        raise RightMissing.together(missing)


def check_writes(call: Call, nouns: Iterable[str]) -> None:
    """Check that the caller may write elements of these types.

    Raises:
        Forbidden: naming every permission that is missing.
    """
    types = [ELEMENTS[noun] for noun in dict.fromkeys(nouns) if noun in ELEMENTS]
    rights = rights_of(call)
    if rights is None or call.caller.is_limited:
        check_permission(call.caller, *dict.fromkeys(f"{each.service}:write" for each in types))
    if rights is None:
        return
    missing = [f"{each.noun}:update" for each in types if not rights.may_some(each, "update")]
    if missing:
        raise Forbidden(*missing)
