"""Base classes of events: what happened, whatever type of element it happened to.

A reader that handles a kind of event for all types of elements asks `isinstance(event.data, ClientChanged)` and looks
at `event.data.element`. The base classes are never published themselves; the wire name stands beside each event.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import Field

from crm_contracts.client_field import Client
from crm_contracts.envelope import Event
from crm_contracts.product_rows import Priced
from crm_contracts.requisites import RequisiteLink
from crm_contracts.values import ElementRef, Fields, StageSemantic, changed_fields


class ElementEvent(Event):
    """An event in the history of one element."""

    @property
    def element(self) -> ElementRef:
        """The element that it happened to."""
        raise NotImplementedError


class Created(ElementEvent):
    """An element came into being."""

    @property
    def state(self) -> Fields:
        """All that may be known of it."""
        raise NotImplementedError


class Updated(ElementEvent):
    """Fields of an element changed; `before` and `after` carry those alone."""

    before: Any
    after: Any

    @property
    def changes(self) -> Mapping[str, Any]:
        """The changed fields with their values from now on."""
        return changed_fields(self.after)


class ResponsibleChanged(ElementEvent):
    """Another user is responsible for an element (CMN-04).

    `Updated`, which comes just before it, names the changed field as well, among the others that were changed with it.
    """

    responsible_id: str = Field(examples=["anna"], description="from now on")
    previous_responsible_id: str = Field(examples=["ben"])


class Deleted(ElementEvent):
    """An element was deleted; `before` is all that was known of it."""

    before: Any


class Replaced(ElementEvent):
    """An element was merged into another one, which stands in its place from now on (DUP-02)."""

    survivor: ElementRef
    before: Any


class Merged(ElementEvent):
    """An element took over what was known of others (DUP-02); `before` and `after` carry what that changed alone."""

    survivor: ElementRef
    removed: tuple[ElementRef, ...]
    before: Any
    after: Any

    @property
    def element(self) -> ElementRef:
        """The survivor."""
        return self.survivor

    @property
    def changes(self) -> Mapping[str, Any]:
        """The changed fields with their values from now on."""
        return changed_fields(self.after)


class StageChanged(ElementEvent):
    """An element moved to another stage."""

    from_stage: str = Field(examples=["NEW"])
    to_stage: str
    from_semantic: StageSemantic
    to_semantic: StageSemantic
    moved_at: datetime
    closed_at: datetime | None = None


class RowsChanged(ElementEvent):
    """The product rows of an element, or its typed amount, changed (ROW-01, ROW-02)."""

    before: Priced
    after: Priced


class ClientFieldEvent(ElementEvent):
    """The Client field of an element is another one from now on."""

    @property
    def client_now(self) -> Client:
        """The Client field from now on."""
        raise NotImplementedError


class ClientChanged(ClientFieldEvent):
    """The Client field of an element was set; pending, it asks clients for what it links (CLI-02, CLI-07)."""

    before: Client
    after: Client

    @property
    def client_now(self) -> Client:
        """The Client field from now on."""
        return self.after


class ContactsAttached(ClientFieldEvent):
    """The contacts of the linked company were attached (CLI-07)."""

    attached: tuple[ElementRef, ...]
    detached: tuple[ElementRef, ...] = ()
    client: Client

    @property
    def client_now(self) -> Client:
        """The Client field from now on."""
        return self.client


class CompanyUnlinked(ClientFieldEvent):
    """The company that was to be linked was refused, and is not linked any more (CLI-07)."""

    company: ElementRef
    code: str = Field(examples=["company_not_found"])
    client: Client

    @property
    def client_now(self) -> Client:
        """The Client field from now on."""
        return self.client


class ContactsChecked(ClientFieldEvent):
    """Contacts that were linked by their ids were confirmed, or unlinked because they do not exist (CLI-02)."""

    confirmed: tuple[ElementRef, ...] = ()
    refused: tuple[ElementRef, ...] = ()
    code: str | None = Field(default=None, examples=["contact_not_found"], description="where some were refused")
    linked_again: tuple[ElementRef, ...] = Field(
        default=(), description="where some were refused: those that they were to take the place of"
    )
    client: Client

    @property
    def client_now(self) -> Client:
        """The Client field from now on."""
        return self.client


class RequisitesChosen(ElementEvent):
    """The chosen requisites of an element changed; pending, it asks clients whether they fit (REQ-05)."""

    before: RequisiteLink
    after: RequisiteLink
    clients: tuple[ElementRef, ...] = Field(default=(), description="of whom the requisites may be")


class Answer(Event):
    """An answer to the question of another service; it changes no aggregate and has no `ce_sequence`."""


class ElementAnswer(Answer):
    """An answer to a question that an element of any type asked."""

    element: ElementRef


class LinkRefused(ElementAnswer):
    """An element does not link the client that was created from its card, which remains (CLI-05).

    `element` is as the client named it; `not_found` is the code of one that does not exist.
    """

    client: ElementRef
    code: str = Field(examples=["not_found"])
