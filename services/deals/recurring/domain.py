"""How a template is made of a deal, and a deal of a template (DEAL-15)."""

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Any

from crm_contracts.client_field import Client
from crm_contracts.deals import DealFields, DealState
from crm_contracts.pipelines import Stage
from crm_contracts.product_rows import Priced
from crm_contracts.recurrences import DealRecurringExposed, Schedule
from crm_contracts.values import ElementRef

from services.deals.deal.domain.deal import Deal
from services.deals.deal.domain.repeat import ClientHistory
from shared.elements.domain.client_field import asking, set_company
from shared.elements.domain.sales_element import InitialState
from shared.kit.domain import Cause, Conflict, derived_id


class AlreadyRecurring(Conflict):
    """The deal is a template, and has its schedule (DEAL-15); a template of its own is made from a deal alone."""

    code = "already_recurring"
    advice = "Correct the schedule of the template: PATCH `/v1/recurring-deals/{id}`."


def make_template(id_: str, number: int, source: Deal, cause: Cause, *, first: Stage, schedule: Schedule) -> Deal:
    """Copy a deal to a template that has this schedule, on the first stage of its pipeline.

    Raises:
        AlreadyRecurring: it is a template itself.
        NoDates: the schedule has no date to come.
    """
    if source.is_recurring:
        message = f"The deal {source.id} is a template, and has its schedule."
        raise AlreadyRecurring(message)
    template = _copy(id_, number, source.state, cause, first=first, is_recurring=True)
    template.set_up(schedule, source.ref, by=cause.actor, at=cause.at, roles=cause.roles)
    return template


def make_deal(
    id_: str,
    number: int,
    template: DealState,
    cause: Cause,
    *,
    first: Stage,
    history: ClientHistory,
    begin_date: date,
    close_date: date,
    planned_for: date | None = None,
) -> Deal:
    """Copy a template to a deal of these dates, on the first stage of its pipeline.

    What its client had until now marks it, and not what marked the template (DEAL-17).
    """
    its_own = {"begin_date": begin_date, "close_date": close_date, **history.markers}
    deal = _copy(id_, number, template, cause, first=first, its_own=its_own, template_id=template.id)
    ref = ElementRef(type=Deal.NOUN, id=template.id, title=template.title)
    deal.record(DealRecurringExposed(deal=deal.ref, template=ref, planned_for=planned_for))
    return deal


def _copy(
    id_: str,
    number: int,
    source: DealState,
    cause: Cause,
    *,
    first: Stage,
    its_own: Mapping[str, Any] = MappingProxyType({}),
    is_recurring: bool = False,
    template_id: str | None = None,
) -> Deal:
    """Copy fields, rows and the Client field; neither where it came from nor what became of it."""
    fields = {name: getattr(source, name) for name in DealFields.model_fields}
    rows = tuple(
        row.model_copy(update={"id": derived_id("row", id_, place)}) for place, row in enumerate(source.rows, start=1)
    )
    initial = InitialState(
        fields={**fields, **its_own},
        client=_asking_for(source.client),
        priced=Priced(rows=rows, amount=source.amount, is_manual_amount=source.is_manual_amount),
    )
    return Deal.create(
        id_,
        number,
        initial,
        first,
        pipeline_id=source.pipeline_id,
        first=first,
        by=cause.actor,
        at=cause.at,
        is_recurring=is_recurring,
        template_id=template_id,
    )


def _asking_for(client: Client) -> Client:
    """Link the same company and contacts, to be confirmed anew: they may have gone since (CLI-02)."""
    linked = Client(contacts=client.contacts, auto_link_contacts=client.auto_link_contacts)
    if client.company is None:
        return asking(Client(), linked)
    linked = set_company(linked, client.company.id)
    return linked.model_copy(update={"company": client.company})
