"""Link an existing record, which takes of the lead what it lacks (LEAD-12)."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from crm_contracts.conversions import LeadConversionRequested, LinkedClient
from crm_contracts.values import ElementRef

from services.clients.conversion.domain.decision import TargetDecision, given_to
from services.clients.conversion.domain.enrichment import fillings, linked_client
from services.clients.conversion.domain.lead_snapshot import address_requisites
from services.clients.records.domain.company import Company
from services.clients.records.domain.contact import Contact
from services.clients.records.domain.errors import MergeRunning
from services.clients.records.usecases.merge import surviving_ref
from shared.kit.domain import Cause, Invalid
from shared.kit.storage.repository import Repository
from shared.kit.storage.repository_errors import Gone

R = TypeVar("R", Contact, Company)


@dataclass(frozen=True)
class Outcome:
    """What became of a target: the record, and what an existing one took of the lead."""

    ref: ElementRef
    linked: LinkedClient | None = None


async def link_record(
    request: LeadConversionRequested,
    target: TargetDecision,
    cause: Cause,
    owners: Repository[R],
    besides: Callable[[R], None] = lambda _: None,
) -> Outcome:
    """Fill the record as decided and do `besides`, in one write; a repeat finds the cause in the record.

    One that stays as it is does not even get what is `besides`. A record that was deleted since it was decided is
    linked as it was: lead and deal unlink it as any other.
    """
    ref = await surviving_ref(target.ref, owners=owners)
    if target.stays:
        kept = await owners.find(ref.id)
        return Outcome(ref, linked_client(kept, given_to(kept, request), ()) if kept is not None else None)

    def fill(record: R) -> None:
        changes = fillings(record, given_to(record, request))
        wanted = {name: value for name, value in changes.items() if name in (target.fills or ())}
        if wanted.pop("address", None) is not None:
            for requisite in address_requisites(request, record.id):
                record.add_requisite(requisite, key=cause.key, by=cause.actor, at=cause.at)
        record.correct(wanted, by=cause.actor, at=cause.at)
        besides(record)

    with suppress(Gone):
        try:
            record = await owners.change(ref.id, fill, cause)
        except (Invalid, MergeRunning):  # there is no room for more: the answer says what is left out
            record = await owners.change(ref.id, besides, cause)
        if target.fills is None:
            return Outcome(ref)
        return Outcome(record.ref, linked_client(record, given_to(record, request), target.fills))
    return Outcome(ref)
