"""Leads, and what the conversion of one is told."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from crm_contracts.client_field import Client
from crm_contracts.conversions import DealDraft, DealRequest, LeadConversionRequested, LeadDealRequested, LeadSnapshot
from crm_contracts.product_rows import Priced, ProductRow
from crm_contracts.values import ConversionTarget, ElementRef, OnDuplicate

from services.leads.lead.domain.conversion_request import ConversionRequest
from services.leads.lead.domain.lead import Lead
from services.leads.lead.store import LEAD_TABLE, lead_choices
from services.leads.stage.domain import SEEDS
from shared.elements.domain.sales_element import InitialState
from shared.elements.domain.stages import StageSet
from tests.builders.causes import ANNA, NOON, ids
from tests.builders.values import a_phone, an_email, euros
from tests.builders.values import priced as amounts

LEAD_ID = "lead-1"
LEAD_STAGES = StageSet(SEEDS)
"""What there is at the start."""
TABLE = replace(LEAD_TABLE, choices=lead_choices(LEAD_STAGES))
LEAD_REF = ElementRef(type="lead", id=LEAD_ID, title="Pumps for ACME")


def just_created_lead(
    id_: str = LEAD_ID,
    *,
    client: Client | None = None,
    priced: Priced | None = None,
    stage_id: str | None = None,
    at: datetime = NOON,
    origin: tuple[str, str] | None = None,
    converted_elsewhere: bool = False,
    **fields: Any,
) -> Lead:
    """A lead that has not been stored yet: its first event is still recorded."""
    return Lead.create(
        id_,
        17,
        InitialState(
            fields={"title": "Pumps for ACME", "responsible_id": "anna", **fields},
            client=client or Client(),
            priced=priced or amounts(),
            origin=origin,
        ),
        LEAD_STAGES.initial(stage_id),
        by=ANNA,
        at=at,
        converted_elsewhere=converted_elsewhere,
    )


def a_lead(id_: str = LEAD_ID, **given: Any) -> Lead:
    """A lead as it is loaded: nothing recorded. Takes what `just_created_lead` takes."""
    lead = just_created_lead(id_, **given)
    lead._recorded.clear()
    return lead


def a_person(**fields: Any) -> dict[str, Any]:
    """Fields of a lead about whom everything is known."""
    return {
        "salutation": "MRS",
        "first_name": "Ada",
        "last_name": "Lovelace",
        "position": "Engineer",
        "company_title": "ACME GmbH",
        "phones": (a_phone(),),
        "emails": (an_email(),),
        "source_id": "WEB",
        "comments": "asked for a call",
        **fields,
    }


def a_wish(
    *targets: ConversionTarget,
    on_duplicate: OnDuplicate = "link",
    pipeline_id: str = "default",
    contact_id: str | None = None,
) -> ConversionRequest:
    """Without targets: the default of the lead; a pipeline where a deal may be made."""
    place: dict[str, Any] = {"pipeline_id": pipeline_id} if not targets or "deal" in targets else {}
    return ConversionRequest(targets=targets or None, on_duplicate=on_duplicate, contact_id=contact_id, **place)


def start(lead: Lead, *targets: ConversionTarget, at: datetime = NOON, prefix: str = "id", **wish: Any) -> None:
    """Begin a conversion; fresh ids are `id-1`, `id-2`, ..."""
    lead.start_conversion(
        a_wish(*targets, **wish), new_id=ids(prefix), by=ANNA, at=at, correlation_id="chain-1", silence_s=60
    )


def wake(lead: Lead, *, at: datetime) -> None:
    """Fire the timers that are due by then."""
    for timer in lead.timers:
        if timer.at <= at:
            lead.wake(timer.id, timer.at, at=at)


def a_question(
    *client_targets: ConversionTarget,
    lead_id: str = LEAD_ID,
    conversion_id: str = "conversion-1",
    attempt: int = 1,
    on_duplicate: OnDuplicate = "link",
    targets: tuple[ConversionTarget, ...] | None = None,
    proposed: str | None = None,
    contact: ElementRef | None = None,
    company: ElementRef | None = None,
    deal: DealRequest | None = None,
    **fields: Any,
) -> LeadConversionRequested:
    """What clients is asked; the proposed ids are named after `proposed`, the lead's id if not given.

    `contact` and `company` are what an earlier attempt has made; `deal` is to be passed on.
    """
    wanted = client_targets or ("contact",)
    name = proposed or lead_id
    return LeadConversionRequested(
        lead=ElementRef(type="lead", id=lead_id, title="Pumps for ACME"),
        conversion_id=conversion_id,
        attempt=attempt,
        targets=targets or (*wanted, "deal"),
        client_targets=wanted,
        on_duplicate=on_duplicate,
        proposed_contact_id=f"contact-of-{name}",
        proposed_company_id=f"company-of-{name}",
        contact=contact,
        company=company,
        deal=deal,
        snapshot=LeadSnapshot(**{"title": "Pumps for ACME", "responsible_id": "anna", **a_person(), **fields}),
    )


def a_deal_question(
    *rows: ProductRow,
    conversion_id: str = "conversion-1",
    attempt: int = 1,
    pipeline_id: str = "default",
    proposed_deal_id: str = "deal-1",
    **draft: Any,
) -> LeadDealRequested:
    """What deals is asked."""
    deal = a_deal_request(*rows, pipeline_id=pipeline_id, proposed_deal_id=proposed_deal_id, **draft)
    return LeadDealRequested(
        lead=LEAD_REF,
        conversion_id=conversion_id,
        attempt=attempt,
        proposed_deal_id=deal.proposed_deal_id,
        draft=deal.draft,
    )


def a_deal_request(
    *rows: ProductRow, pipeline_id: str = "default", proposed_deal_id: str = "deal-1", **draft: Any
) -> DealRequest:
    """The deal that goes with a question to clients."""
    fields = {"title": "Pumps for ACME", "responsible_id": "anna", "rows": rows, "amount": euros("0")}
    return DealRequest(
        proposed_deal_id=proposed_deal_id, draft=DealDraft(**{**fields, "pipeline_id": pipeline_id, **draft})
    )
