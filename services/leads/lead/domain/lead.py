"""The rules of a lead: conversion and repeat flag, beside the traits that it shares with other elements."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Self

from crm_contracts.client_answers import CheckedContact
from crm_contracts.client_field import Client, ContactLink
from crm_contracts.conversions import LeadConverted, ResolvedClient
from crm_contracts.elements import LEAD, ElementType
from crm_contracts.leads import (
    LeadLinkRefused,
)
from crm_contracts.values import ElementRef
from pydantic import computed_field

from services.leads.lead.domain.conversion import Conversion, Step
from services.leads.lead.domain.conversion_request import ConversionRequest
from services.leads.lead.domain.errors import ConversionRunning, LeadAlreadyConverted, UseConversion
from services.leads.lead.domain.lead_events import LeadEvents
from services.leads.lead.domain.repeat import Repeat, Way
from services.leads.stage.domain import LEAD_STAGES
from shared.elements.domain.client_answers import waits_for
from shared.elements.domain.client_field import with_created, with_resolved
from shared.elements.domain.sales_element import InitialState
from shared.elements.domain.search_keys import title_keys
from shared.elements.domain.stages import ProcessStage, Stage
from shared.kit.domain import NewId, invalid_field


class Lead(LeadEvents):
    """A potential client (LEAD-01)."""

    TYPE: ClassVar[ElementType] = LEAD
    NOUN: ClassVar[str] = LEAD.noun
    PROCESS_STAGES: ClassVar[Mapping[str, ProcessStage]] = {
        LEAD_STAGES.success.id: ProcessStage(use=UseConversion, ended=LeadAlreadyConverted)
    }

    conversion: Conversion = Conversion()
    was_repeat: bool = False
    """Whether it is a repeat lead even without the company link that is pending."""

    @computed_field  # type: ignore[prop-decorator] # stored, so that lists find it
    @property
    def search(self) -> list[str]:
        """Keys that it is found by: title, name, company title, phones and e-mails (DEAL-01)."""
        return title_keys((self.title, self.full_name, self.company_title or ""), self.phones, self.emails)

    @classmethod
    def create(
        cls,
        id_: str,
        number: int,
        initial: InitialState,
        stage: Stage,
        *,
        by: str,
        at: datetime,
        converted_elsewhere: bool = False,
    ) -> Self:
        """Create a lead; nothing is mandatory (LEAD-01), and one with a client is a repeat lead (LEAD-03).

        One that another system has converted is in CONVERTED, without a deal of ours; its client is the result of that
        conversion, and makes no repeat lead of it (LEAD-14).

        Raises:
            UseConversion: it is to be in CONVERTED, and was not converted elsewhere (LEAD-11).
            Invalid: it was converted elsewhere, and is to be in another stage.
        """
        if converted_elsewhere and stage != LEAD_STAGES.success:
            raise invalid_field("stage_id", "not_converted", f"a converted lead is in {LEAD_STAGES.success.id}")
        before = initial.client if converted_elsewhere else Client()
        repeat = Repeat().after(before, initial.client, way="whole", is_converted=converted_elsewhere)
        return cls.start(
            id_,
            number,
            initial,
            stage,
            by=by,
            at=at,
            is_ended_elsewhere=converted_elsewhere,
            converted=converted_elsewhere,
            converted_elsewhere=converted_elsewhere,
            is_repeat=repeat.now,
            was_repeat=repeat.without_company,
        )

    @classmethod
    def link_refused(cls, element: ElementRef, client: ElementRef, code: str) -> LeadLinkRefused:
        """Make the answer to a client that is not linked to the lead that it was created from (CLI-05)."""
        return LeadLinkRefused(element=element, client=client, code=code)

    def correct(self, changes: Mapping[str, Any], *, by: str, at: datetime) -> bool:
        """Change fields (LEAD-10); a change of a lead that has a client makes a repeat lead of it (LEAD-03)."""
        is_changed = super().correct(changes, by=by, at=at)
        if is_changed and self.conversion.state != "running":
            self.set_client(self.client, by=by, at=at)
        return is_changed

    @property
    def is_ended_by_process(self) -> bool:
        """Whether it was converted, here or elsewhere."""
        return self.converted

    def move(self, stage: Stage, *, by: str, at: datetime) -> None:
        """Move to a stage (LEAD-07); to CONVERTED only the conversion does (LEAD-11).

        Raises:
            ConversionRunning: the lead is being converted.
        """
        self._refuse_while_running()
        super().move(stage, by=by, at=at)

    def set_client(self, client: Client, *, by: str, at: datetime) -> None:
        """Set the Client field as a whole, which makes a repeat lead (LEAD-03), but not of results (LEAD-14).

        Raises:
            ConversionRunning: the lead is being converted.
        """
        self._refuse_while_running()
        self._change_client(client, by=by, at=at, way="whole")

    def set_contacts(self, client: Client, *, by: str, at: datetime) -> None:
        """Set the Client field where contacts alone were linked or unlinked, which makes no repeat lead.

        Raises:
            ConversionRunning: the lead is being converted.
        """
        self._refuse_while_running()
        self._change_client(client, by=by, at=at, way="part")

    def link_created_client(self, created: ElementRef, *, by: str, at: datetime) -> None:
        """Link a client that was created from the lead's card, as if by hand (CLI-05): a company makes a repeat lead.

        While the lead is being converted it is linked as well, because a refusal would reach no user, and waiting would
        block the answers that end the conversion; but it makes no repeat lead then, and the deal goes without it.
        """
        as_whole = created.type == "company" and self.conversion.state != "running"
        self._change_client(with_created(self.client, created), by=by, at=at, way="whole" if as_whole else "part")

    def check_contacts(
        self,
        *,
        link_no: int,
        checked: tuple[CheckedContact, ...],
        replaced: tuple[ContactLink, ...] = (),
        by: str,
        at: datetime,
    ) -> None:
        """Confirm linked contacts or unlink them; the lead is no repeat lead by links of contacts that do not exist."""
        self._judge_repeat(link_no, checked)
        super().check_contacts(link_no=link_no, checked=checked, replaced=replaced, by=by, at=at)

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
        """Unlink a company that does not exist; the lead is no repeat lead by that link."""
        self._judge_repeat(link_no, checked)
        super().refuse_company(
            link_no=link_no, company=company, code=code, by=by, at=at, checked=checked, replaced=replaced
        )

    def start_conversion(
        self,
        request: ConversionRequest,
        *,
        new_id: NewId,
        by: str,
        at: datetime,
        correlation_id: str,
        traceparent: str | None = None,
        roles: tuple[str, ...] = (),
    ) -> None:
        """Begin a conversion; see `Conversion.start`."""
        context = {"correlation_id": correlation_id, "traceparent": traceparent, "started_by": by, "roles": roles}
        step = self.conversion.start(request, self, self.ref, new_id=new_id, at=at, context=context)
        if step is not None:
            self._touch(by, at)
            self._proceed(step, by=by, at=at)

    def resolve_client(
        self,
        conversion_id: str,
        attempt: int,
        found: ResolvedClient,
        *,
        by: str,
        at: datetime,
    ) -> None:
        """Take what clients created or linked; an answer to another attempt changes nothing."""
        if self.conversion.is_about(conversion_id, attempt):
            self._proceed(self.conversion.resolve(self.ref, found, at=at), by=by, at=at)

    def open_deal(
        self,
        conversion_id: str,
        attempt: int,
        deal: ElementRef,
        *,
        found: ResolvedClient | None = None,
        by: str,
        at: datetime,
    ) -> None:
        """Take the deal that deals opened, with its client; an answer to another attempt changes nothing."""
        if not self.conversion.is_about(conversion_id, attempt):
            return
        step = self.conversion.open_deal(deal, found)
        if step[0].state == "done":
            self.deal_ids = (*self.deal_ids, deal.id)
            self._proceed(step, by=by, at=at)

    def refuse_conversion(
        self,
        conversion_id: str,
        attempt: int,
        *,
        code: str,
        message: str,
        candidates: tuple[ElementRef, ...] = (),
        found: ResolvedClient | None = None,
    ) -> None:
        """End the conversion without a result; an answer to another attempt changes nothing."""
        if self.conversion.is_about(conversion_id, attempt):
            self._take(self.conversion.refuse(self.ref, code=code, message=message, candidates=candidates, found=found))

    def ask_again(self, *, silent_since: datetime, at: datetime) -> None:
        """Repeat the request of the running attempt where none was published since then; see `Conversion.ask_again`."""
        self._take(self.conversion.ask_again(self.ref, silent_since=silent_since, at=at))

    def _take(self, step: Step) -> None:
        self.conversion, events = step
        for event in events:
            self.record(event)

    def _proceed(self, step: Step, *, by: str, at: datetime) -> None:
        """Take a step of the running conversion, and finish the lead where it is the last."""
        self._take(step)
        if self.conversion.state == "done":
            self._finish(by=by, at=at)

    def _finish(self, *, by: str, at: datetime) -> None:
        """Link the results, which makes no repeat lead, and move to the stage of success (LEAD-14)."""
        conversion = self.conversion
        self.client = with_resolved(self.client, conversion.contact, conversion.company)
        self.converted, self.converted_at, self.converted_by = True, at, conversion.started_by
        self._touch(by, at)
        self.record(
            LeadConverted(
                lead=self.ref,
                conversion_id=conversion.conversion_id,
                attempt=conversion.attempt,
                contact=conversion.contact,
                company=conversion.company,
                deal=conversion.deal,
                client=self.client,
                activities=conversion.activities,
                converted_at=at,
                converted_by=conversion.started_by,
            )
        )
        self.move(LEAD_STAGES.success, by=by, at=at)

    def _change_client(self, client: Client, *, by: str, at: datetime, way: Way = "part") -> None:
        repeat = Repeat(self.is_repeat, self.was_repeat).after(
            self.client, client, way=way, is_converted=self.converted
        )
        if client == self.client and repeat.now == self.is_repeat:
            return
        self.is_repeat, self.was_repeat = repeat
        self._replace_client(client, self._client_changed(self.client, client), by=by, at=at)

    def _judge_repeat(self, link_no: int, checked: tuple[CheckedContact, ...]) -> None:
        """Keep the flag that pending links have set only if a contact is confirmed, or if it was set before them."""
        if waits_for(self.client, link_no):
            is_confirmed = any(each.contact is not None for each in checked)
            self.is_repeat = self.was_repeat or (self.is_repeat and is_confirmed)

    def _refuse_while_running(self) -> None:
        if self.conversion.state == "running":
            message = "The lead is being converted."
            raise ConversionRunning(message)
