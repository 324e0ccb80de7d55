"""Groups of fields that elements share."""

from datetime import date, datetime
from typing import Final

from pydantic import Field, computed_field

from crm_contracts.values import ContactPoint, Fields, StageSemantic, Touch, Utm

OPEN_LINES: Final = frozenset({"IMOL", "OPENLINE"})
"""Kinds of messengers that are chats with the CRM itself."""


class Named(Fields):
    """What a person's name is made of; birth date and position go with it (LEAD-02)."""

    salutation: str | None = None
    first_name: str | None = Field(default=None, examples=["Ada"])
    middle_name: str | None = None
    last_name: str | None = Field(default=None, examples=["Lovelace"])
    birth_date: date | None = None
    position: str | None = None

    @property
    def full_name(self) -> str:
        """First, middle and last name, as far as they are known."""
        return " ".join(part for part in (self.first_name, self.middle_name, self.last_name) if part)


class Reachable(Fields):
    """Contact points of a person or a company, and which kinds of them there are (CONT-03)."""

    phones: tuple[ContactPoint, ...] = ()
    emails: tuple[ContactPoint, ...] = ()
    websites: tuple[ContactPoint, ...] = ()
    messengers: tuple[ContactPoint, ...] = ()

    @computed_field  # type: ignore[prop-decorator]
    @property
    def has_phone(self) -> bool:
        """Whether there is a phone."""
        return bool(self.phones)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def has_email(self) -> bool:
        """Whether there is an e-mail address."""
        return bool(self.emails)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def has_imol(self) -> bool:
        """Whether there is a chat with the CRM itself, an open line, among the messengers."""
        return any(messenger.kind in OPEN_LINES for messenger in self.messengers)


class Owned(Fields):
    """Who looks after an element, and what is said about it (CMN-04, CMN-05, CMN-06, CMN-07, CMN-09)."""

    responsible_id: str = Field(default="", examples=["anna"])
    observers: tuple[str, ...] = ()
    open_to_all: bool = True
    comments: str | None = None
    utm: Utm | None = None


class Traced(Fields):
    """Visits that led to the element (CMN-08)."""

    traces: tuple[Touch, ...] = ()


class Sourced(Fields):
    """Where an element came from (CMN-02)."""

    source_id: str | None = Field(default=None, examples=["WEB"])
    source_description: str | None = None


class Identified(Fields):
    """Marks of identity that the system or an importer gives; fixed after creation (CMN-03, CMN-10, CMN-14)."""

    id: str = Field(examples=["0199f2a4-0000-7000-8000-000000000001"])
    number: int = Field(examples=[17], description="human serial number per element type; unique, gaps allowed")
    originator_id: str | None = Field(default=None, description="system the element came from")
    origin_id: str | None = Field(default=None, description="its id in that system")


class Audited(Fields):
    """Who made and last changed an element, `user:<sub>` or `service:<sub>`; times are UTC (CMN-10)."""

    created_at: datetime
    created_by: str = Field(examples=["user:anna"])
    updated_at: datetime
    updated_by: str = Field(examples=["user:anna"])


class Staged(Fields):
    """Where an element stands (LEAD-06, DEAL-07); `stage_semantic` follows from the stage."""

    stage_id: str = Field(examples=["NEW"])
    stage_semantic: StageSemantic = "P"
    moved_at: datetime | None = None
    moved_by: str | None = None


class TakenOver(Fields):
    """What the next import of a contact or a company is judged by (CONT-08); users do not edit it."""

    origin_version: str | None = Field(
        default=None, examples=["7"], description="of the record in the other system, when it was taken over last"
    )
    edited_here: tuple[str, ...] = Field(
        default=(), examples=[["position"]], description="fields that were corrected here since they were taken over"
    )
