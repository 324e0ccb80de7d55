"""Settings of the CRM that administrators change, and the events about them, on `crm.leads.events` (MODE-12).

Each event carries its setting whole, so a consumer's view of it is the newest event.
"""

from typing import ClassVar, Final, Literal, TypeAlias

from pydantic import Field

from crm_contracts.conversions import Activities
from crm_contracts.events import ElementEvent
from crm_contracts.values import ElementRef, Value

ModeName: TypeAlias = Literal["classic", "simple"]
ClientKind: TypeAlias = Literal["contact", "company", "both"]

MODE: Final = "mode"
"""The one setting that there is today, by the id of its history."""


class ModeConversion(Value):
    """What leads become in Simple mode, and on the switch to it (MODE-08 to MODE-11)."""

    client: ClientKind = Field(default="contact", description="what is made of a caller who is no client yet")
    pipeline_id: str = Field(default="default", examples=["partners"], description="the pipeline of the deals")
    activities: Activities = Field(
        default="complete", description="whether open activities are completed, or stay open in the deal"
    )


class ModeState(Value):
    """The mode of the CRM: Classic has leads that stay; in Simple they become deals at once (MODE-01)."""

    mode: ModeName = Field(
        description="`classic`: leads stay until they are converted; `simple`: they become deals at once"
    )
    conversion: ModeConversion = Field(default=ModeConversion(), description="what leads become in Simple mode")


class ModeChanged(ElementEvent):
    """The CRM has another mode, or other terms of its conversions; `after` is all of it from now on (MODE-12)."""

    ce_type: ClassVar[str] = "crm.settings.mode_changed.v1"
    settings: ElementRef
    before: ModeState | None = Field(default=None, description="null where the mode was set for the first time")
    after: ModeState

    @property
    def element(self) -> ElementRef:
        """The setting."""
        return self.settings
