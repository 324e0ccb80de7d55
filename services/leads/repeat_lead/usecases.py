"""Use cases of repeat leads: switch them on and off, ask for the client of a new lead, link the one found (LEAD-05)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Protocol

from crm_contracts.client_answers import LeadClientFound
from crm_contracts.leads import LeadState
from crm_contracts.repeat_leads import LeadClientSought
from crm_contracts.values import ContactPoint, ElementRef

from services.leads.lead.domain.lead import Lead
from services.leads.repeat_lead.domain import LEADS, LeadSettings
from shared.kit.domain import Cause, Clock
from shared.kit.messaging.answers import Answers
from shared.kit.storage.repository import Records, Repository

ACTOR: Final = "service:leads"


class CurrentSettings(Protocol):
    """Knows the settings of leads."""

    async def current(self) -> LeadSettings:
        """Return them as they are now."""
        ...


class EarlierLeads(Protocol):
    """Knows the leads that were converted."""

    async def oldest(
        self, phones: Sequence[ContactPoint], emails: Sequence[ContactPoint], *, came_before: datetime
    ) -> Lead | None:
        """Find the oldest one with a client that has one of these; None where there is none."""
        ...


async def seed_lead_settings(clock: Clock, *, settings: Repository[LeadSettings]) -> None:
    """Create the settings, once even where several replicas start."""
    if await settings.find(LEADS) is None:
        # The cause is the same in every replica, so the second insert is a repeat of the first.
        cause = Cause(key=f"seed:settings:{LEADS}", actor=ACTOR, at=clock(), correlation_id=f"seed:settings:{LEADS}")
        await settings.add(LeadSettings.create(), cause)


async def set_lead_settings(
    cause: Cause, *, repeat_leads_enabled: bool, settings: Records[LeadSettings], expected_version: int | None = None
) -> LeadSettings:
    """Set the settings of leads.

    Raises:
        VersionMismatch: the caller's copy is old.
    """
    return await settings.change(
        LEADS,
        lambda found: found.set_repeat_leads(enabled=repeat_leads_enabled, by=cause.actor, at=cause.at),
        cause,
        expected_version=expected_version,
    )


async def ask_for_client(
    lead: LeadState, came_at: datetime, cause: Cause, *, settings: CurrentSettings, answers: Answers
) -> None:
    """Ask clients whose phone or e-mail a new lead has, where repeat leads are on and it has no client of its own."""
    phones, emails = ([point for point in points if point.normalized] for points in (lead.phones, lead.emails))
    if not (phones or emails) or lead.converted or not lead.client.is_empty:
        return
    if not (await settings.current()).makes_repeat_leads(came_at):
        return
    question = LeadClientSought(
        lead=ElementRef(type=Lead.NOUN, id=lead.id, title=lead.title),
        came_at=came_at,
        phones=tuple(phones),
        emails=tuple(emails),
    )
    await answers.give(question, subject=lead.id, cause=cause)


async def link_found_client(
    answer: LeadClientFound, cause: Cause, *, leads: Repository[Lead], earlier_leads: EarlierLeads
) -> None:
    """Link a new lead to the client that was found, else to that of an earlier lead; without one it stays as it is."""
    found = [] if answer.client is None else [answer.client]
    if not found:
        earlier = await earlier_leads.oldest(answer.phones, answer.emails, came_before=answer.came_at)
        found = [] if earlier is None else earlier.main_clients
    if found:
        await leads.change(
            answer.lead.id,
            lambda lead: lead.link_known_client(found, answer.candidates, by=cause.actor, at=cause.at),
            cause,
        )
