"""Rules of the CRM mode (MODE-01 to MODE-13): one document, which administrators change."""

from datetime import datetime
from typing import ClassVar, Final, Self

from crm_contracts.settings import MODE, ModeChanged, ModeConversion, ModeName, ModeState
from crm_contracts.values import ConversionTarget, ElementRef, Value

from shared.kit.domain import Aggregate, Cause, NotAllowed

_CLIENTS: Final[dict[str, tuple[ConversionTarget, ...]]] = {
    "contact": ("contact",),
    "company": ("company",),
    "both": ("contact", "company"),
}


class PlanRestriction(NotAllowed):
    """The plan of this installation has no Classic mode (MODE-02)."""

    code = "plan_restriction"
    advice = "Stay in Simple mode, or have the operator allow Classic: `CRM_CLASSIC_MODE_ALLOWED`."


class Switched(Value):
    """A switch from Classic to Simple: for whom the run acts that converts the leads of that moment."""

    run_id: str
    at: datetime
    actor: str
    roles: tuple[str, ...] = ()
    is_restricted: bool
    correlation_id: str
    traceparent: str | None = None

    @classmethod
    def by(cls, cause: Cause, *, run_id: str, is_restricted: bool) -> Self:
        """Take from a request what its run needs."""
        return cls(
            run_id=run_id,
            at=cause.at,
            actor=cause.actor,
            roles=cause.roles,
            is_restricted=is_restricted,
            correlation_id=cause.correlation_id,
            traceparent=cause.traceparent,
        )


class CrmMode(Aggregate):
    """The mode, with what leads become where they do not stay."""

    NOUN: ClassVar[str] = "settings"

    mode: ModeName = "simple"
    conversion: ModeConversion = ModeConversion()
    changed_by: str
    changed_at: datetime
    switched: Switched | None = None

    @classmethod
    def create(cls, mode: ModeName, *, by: str, at: datetime) -> Self:
        """Set the mode for the first time."""
        created = cls(id=MODE, mode=mode, changed_by=by, changed_at=at)
        created.record(ModeChanged(settings=created.ref, after=created.state))
        return created

    @property
    def ref(self) -> ElementRef:
        """Reference to the setting."""
        return ElementRef(type=self.NOUN, id=self.id, title="CRM mode")

    @property
    def state(self) -> ModeState:
        """What its events and answers show."""
        return ModeState(mode=self.mode, conversion=self.conversion)

    def switch(
        self, mode: ModeName, conversion: ModeConversion | None, switched: Switched, *, allows_classic: bool
    ) -> None:
        """Choose the mode, and the terms of its conversions unless they are None; records nothing where all is so.

        From Classic to Simple the run of `switched` converts the leads that are active.

        Raises:
            PlanRestriction: Classic is not in the plan (MODE-02).
        """
        before = self.state
        if mode == "classic" and before.mode != "classic" and not allows_classic:
            message = "The plan of this installation has no Classic mode."
            raise PlanRestriction(message)
        after = ModeState(mode=mode, conversion=self.conversion if conversion is None else conversion)
        if after == before:
            return
        if after.mode != before.mode:
            self.switched = switched if after.mode == "simple" else None
        self.mode, self.conversion = after.mode, after.conversion
        self.changed_by, self.changed_at = switched.actor, switched.at
        self.record(ModeChanged(settings=self.ref, before=before, after=after))


def targets_of(conversion: ModeConversion) -> tuple[ConversionTarget, ...]:
    """Return what an unknown caller becomes (MODE-08); a known one becomes a deal alone."""
    return (*_CLIENTS[conversion.client], "deal")
