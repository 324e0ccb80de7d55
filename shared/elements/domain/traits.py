"""What an element type may have: stages, product rows, a Client field; chosen requisites are in `requisite_trait`.

Each trait is one mixin with the methods of its intents. The state is in the contract's state class of the type, the
rules are in `stages`, `product_rows` and `client_field`; the type names its event in each abstract hook.
"""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, Self, TypedDict

from crm_contracts.client_answers import CheckedContact
from crm_contracts.client_field import Client, ContactLink
from crm_contracts.envelope import Event
from crm_contracts.events import LinkRefused
from crm_contracts.pipelines import Stage
from crm_contracts.product_rows import Priced, ProductRow
from crm_contracts.values import ElementRef, Money, StageSemantic
from pydantic import PrivateAttr

from shared.elements.domain.client_answers import (
    Attachment,
    ContactCheck,
    attach_contacts,
    check_contacts,
    refuse_company,
)
from shared.elements.domain.client_field import with_created, without
from shared.elements.domain.client_names import Names, mark_of_names, named_by, with_names
from shared.elements.domain.element import Element
from shared.elements.domain.room import MAX_ROWS_BYTES, check_room
from shared.elements.domain.stages import ProcessStage, enter_stage


class StageMove(TypedDict):
    """The fields that every event of a move has."""

    from_stage: str
    to_stage: str
    from_semantic: StageSemantic
    to_semantic: StageSemantic
    moved_at: datetime
    closed_at: datetime | None


class HasStage(Element):
    """An element that goes through stages (LEAD-07, DEAL-06)."""

    if TYPE_CHECKING:
        stage_id: str
        stage_semantic: StageSemantic
        previous_stage_id: str | None
        moved_at: datetime | None
        moved_by: str | None
        closed_at: datetime | None

    PROCESS_STAGES: ClassVar[Mapping[str, ProcessStage]] = {}
    """The stages of its type that belong to a process, by their ids."""

    @property
    def is_ended_by_process(self) -> bool:
        """Whether a process has ended it, so that it stays in the stage of that process."""
        return False

    @classmethod
    def check_created_by_hand(cls, stage: Stage) -> None:
        """Check that a new element may be created in this stage.

        Raises:
            DomainError: the stage belongs to a process.
        """
        if stage.id in cls.PROCESS_STAGES:
            message = f"The stage {stage.id} belongs to a process; no element is put there by hand."
            raise cls.PROCESS_STAGES[stage.id].use(message)

    def move_by_hand(self, stage: Stage, first: Stage, *, by: str, at: datetime) -> None:
        """Move to a stage as a user, for whom the stages of processes are closed; see `move`.

        Raises:
            DomainError: the stage belongs to a process, or a process has ended the element.
        """
        if stage.id != self.stage_id and self.is_ended_by_process and stage.id not in self.PROCESS_STAGES:
            message = f"The {self.TYPE.noun} stays in the stage of the process that has ended it."
            raise next(iter(self.PROCESS_STAGES.values())).ended(message)
        if stage.id != self.stage_id and not self.is_ended_by_process:
            self.check_created_by_hand(stage)
        self.move(stage, first, by=by, at=at)

    def move(self, stage: Stage, first: Stage, *, by: str, at: datetime) -> None:
        """Move to a stage; success and failure close the element, process opens it again (DEAL-08).

        `first` is where new elements of the same set start.
        """
        del first  # of those types alone that tell whether an element stands there
        if stage.id != self.stage_id:
            self.record(self._stage_changed(self._enter(stage, by=by, at=at)))

    def _enter(self, stage: Stage, *, by: str, at: datetime) -> StageMove:
        """Stand on a stage from now on, and return what events tell of that."""
        before, semantic = self.stage_id, self.stage_semantic
        enter_stage(self, stage, by=by, at=at)
        self._touch(by, at)
        return StageMove(
            from_stage=before,
            to_stage=stage.id,
            from_semantic=semantic,
            to_semantic=stage.semantic,
            moved_at=at,
            closed_at=self.closed_at,
        )

    @abstractmethod
    def _stage_changed(self, move: StageMove) -> Event: ...


class HasRows(Element):
    """An element with product rows and an amount (ROW-01, ROW-02)."""

    if TYPE_CHECKING:
        rows: tuple[ProductRow, ...]
        amount: Money
        is_manual_amount: bool

    @property
    def priced(self) -> Priced:
        """Rows and amount together."""
        return Priced(rows=self.rows, amount=self.amount, is_manual_amount=self.is_manual_amount)

    def set_rows(self, priced: Priced, *, by: str, at: datetime) -> None:
        """Set product rows and amount.

        Raises:
            PartTooLarge: the rows are more than an event may hold.
        """
        before = self.priced
        if priced == before:
            return
        check_room("rows", priced, MAX_ROWS_BYTES, before=before)
        self.rows, self.amount, self.is_manual_amount = priced.rows, priced.amount, priced.is_manual_amount
        self._touch(by, at)
        self.record(self._rows_changed(before, priced))

    def _clear(self, by: str, at: datetime) -> None:
        super()._clear(by, at)
        self.rows = ()

    @abstractmethod
    def _rows_changed(self, before: Priced, after: Priced) -> Event: ...


class HasClient(Element):
    """An element with a Client field (CLI-06, CLI-07)."""

    if TYPE_CHECKING:
        client: Client

    _names_mark: str = PrivateAttr(default="")

    def _clear(self, by: str, at: datetime) -> None:
        super()._clear(by, at)
        self.client = Client()

    @property
    def names_mark(self) -> str:
        """What tells its names from the stored ones, which its version does not; see `mark_of_names`."""
        return self._names_mark

    def with_client_names(self, names: Names) -> Self:
        """Copy it for an answer, with the current names of the clients that it links."""
        named = self.model_copy(update={"client": with_names(self.client, names)})
        named._names_mark = mark_of_names(named_by(self.client), named_by(named.client))  # noqa: SLF001 - its own copy
        return named

    def set_client(self, client: Client, *, by: str, at: datetime) -> None:
        """Set the Client field; the event of a new company or contact asks for what is known of it."""
        self._change_client(client, by=by, at=at)

    def set_contacts(self, client: Client, *, by: str, at: datetime) -> None:
        """Set the Client field where contacts alone were linked or unlinked."""
        self._change_client(client, by=by, at=at)

    def link_created_client(self, created: ElementRef, *, by: str, at: datetime) -> None:
        """Link a contact or company that was created from the element's card, as if by hand (CLI-05)."""
        self._change_client(with_created(self.client, created), by=by, at=at)

    def unlink_deleted_client(
        self, deleted: ElementRef, survivor: ElementRef | None = None, *, by: str, at: datetime
    ) -> None:
        """Unlink a deleted contact or company (COMP-10), or link the one that it was merged into (DUP-02)."""
        self._change_client(without(self.client, deleted, survivor), by=by, at=at)

    def check_contacts(
        self,
        *,
        link_no: int,
        checked: tuple[CheckedContact, ...],
        replaced: tuple[ContactLink, ...] = (),
        by: str,
        at: datetime,
    ) -> None:
        """Confirm linked contacts, or unlink those that do not exist (CLI-02); an answer to another link is ignored."""
        check = check_contacts(self.client, link_no=link_no, checked=checked, replaced=replaced)
        if check is not None and not self.client.asks_for_company:
            self._replace_client(check.client, self._contacts_checked(check), by=by, at=at)

    def attach_contacts(
        self,
        *,
        link_no: int,
        company: ElementRef,
        contacts: tuple[ElementRef, ...],
        truncated: bool,
        by: str,
        at: datetime,
        checked: tuple[CheckedContact, ...] = (),
        replaced: tuple[ContactLink, ...] = (),
    ) -> None:
        """Attach the contacts of the linked company (CLI-07); an answer to another link changes nothing."""
        check = check_contacts(self.client, link_no=link_no, checked=checked, replaced=replaced)
        found = check and attach_contacts(
            check.client, link_no=link_no, company=company, contacts=contacts, truncated=truncated
        )
        if check and found:
            more = self._checked_besides(check, found.client)
            self._replace_client(found.client, self._contacts_attached(found), *more, by=by, at=at)

    def refuse_company(
        self,
        *,
        link_no: int,
        company: ElementRef,
        code: str,
        by: str,
        at: datetime,
        checked: tuple[CheckedContact, ...] = (),
        replaced: tuple[ContactLink, ...] = (),
    ) -> None:
        """Link the former company, if any, instead of one that does not exist (CLI-07).

        An answer to another link changes nothing.
        """
        check = check_contacts(self.client, link_no=link_no, checked=checked, replaced=replaced)
        client = check and refuse_company(check.client, link_no=link_no, code=code)
        if check and client:
            more = self._checked_besides(check, client)
            self._replace_client(client, self._company_refused(client, company, code), *more, by=by, at=at)

    def _checked_besides(self, check: ContactCheck, client: Client) -> tuple[Event, ...]:
        """Return the event about contacts that were checked together with a company."""
        if not (check.confirmed or check.refused):
            return ()
        return (self._contacts_checked(replace(check, client=client)),)

    def _change_client(self, client: Client, *, by: str, at: datetime) -> None:
        if client != self.client:
            self._replace_client(client, self._client_changed(self.client, client), by=by, at=at)

    def _replace_client(self, client: Client, *events: Event, by: str, at: datetime) -> None:
        before, self.client = self.client, client
        self._touch(by, at)
        for event in events:
            self.record(event)
        self._client_replaced(before, by=by, at=at)

    def _client_replaced(self, before: Client, *, by: str, at: datetime) -> None:
        """Follow up on a Client field that is another one from now on; nothing by default."""

    @classmethod
    @abstractmethod
    def link_refused(cls, element: ElementRef, client: ElementRef, code: str) -> LinkRefused:
        """Make the answer to a client that is not linked to the card that it was created from (CLI-05)."""

    @abstractmethod
    def _client_changed(self, before: Client, after: Client) -> Event: ...

    @abstractmethod
    def _contacts_attached(self, new: Attachment) -> Event: ...

    @abstractmethod
    def _contacts_checked(self, new: ContactCheck) -> Event: ...

    @abstractmethod
    def _company_refused(self, client: Client, company: ElementRef, code: str) -> Event: ...
