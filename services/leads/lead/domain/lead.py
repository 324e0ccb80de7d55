"""The rules of a lead: conversion and repeat flag, beside the traits that it shares with other elements."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Self

from crm_contracts.client_answers import CheckedContact
from crm_contracts.client_field import Client, ContactLink
from crm_contracts.elements import COMPANY, CONTACT, LEAD, ElementType
from crm_contracts.leads import (
    LeadLinkRefused,
)
from crm_contracts.pipelines import Stage
from crm_contracts.values import ElementRef
from pydantic import computed_field

from services.leads.lead.domain.converting import HasConversion
from services.leads.lead.domain.errors import ConversionRunning, LeadAlreadyConverted, UseConversion
from services.leads.lead.domain.repeat import Repeat, Way
from services.leads.stage.domain import CONVERTED
from shared.elements.domain.client_answers import waits_for
from shared.elements.domain.client_field import NewContactLink, set_company, set_contacts, with_created
from shared.elements.domain.sales_element import InitialState
from shared.elements.domain.search_keys import title_keys
from shared.elements.domain.stages import ProcessStage
from shared.kit.domain import invalid_field


class Lead(HasConversion):
    """A potential client (LEAD-01)."""

    TYPE: ClassVar[ElementType] = LEAD
    NOUN: ClassVar[str] = LEAD.noun
    PROCESS_STAGES: ClassVar[Mapping[str, ProcessStage]] = {
        CONVERTED.id: ProcessStage(use=UseConversion, ended=LeadAlreadyConverted)
    }

    was_repeat: bool = False
    """Whether it is a repeat lead even without the company link that is pending."""
    candidates: tuple[ElementRef, ...] = ()
    """Other clients who were known by its phones and e-mails when it was linked to one (LEAD-05)."""
    is_linked_by_itself: bool = False
    """Whether it was linked to a client who was known when it came in (LEAD-05)."""

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
        if converted_elsewhere and stage.id != CONVERTED.id:
            raise invalid_field("stage_id", "not_converted", f"a converted lead is in {CONVERTED.id}")
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

    def move(self, stage: Stage, first: Stage, *, by: str, at: datetime) -> None:
        """Move to a stage (LEAD-07); to CONVERTED only the conversion does (LEAD-11).

        Raises:
            ConversionRunning: the lead is being converted.
        """
        self._refuse_while_running()
        super().move(stage, first, by=by, at=at)

    def delete(self, *, by: str, at: datetime) -> None:
        """Become a tombstone (LEAD-21).

        Raises:
            ConversionRunning: the lead is being converted.
        """
        self._refuse_while_running()
        super().delete(by=by, at=at)
        self.candidates = ()

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

    @property
    def main_clients(self) -> list[ElementRef]:
        """Its company and its primary contact, as far as it has them."""
        primary = [link.ref for link in self.client.contacts if link.is_primary]
        return [*primary, *([self.client.company] if self.client.company else [])]

    def link_known_client(
        self, known: Sequence[ElementRef], candidates: Sequence[ElementRef], *, by: str, at: datetime
    ) -> None:
        """Link a company, a contact or both who were known when it came in, which makes a repeat lead (LEAD-05).

        Once, and only where it has had no client yet: what a user, or a conversion, has made of it since stays.
        """
        is_untouched = self.client.is_empty and not self.client.link_no and self.conversion.state == "none"
        if self.is_linked_by_itself or self.converted or not is_untouched:
            return
        self.is_linked_by_itself = True
        self.candidates = tuple(ref.model_copy(update={"title": None}) for ref in candidates)
        contacts = [NewContactLink(ref.id) for ref in known if ref.type == CONTACT.noun]
        company = next((ref.id for ref in known if ref.type == COMPANY.noun), None)
        self.set_client(set_company(set_contacts(self.client, contacts), company), by=by, at=at)

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
