"""What can be done with templates: set them up, plan them anew, and make deals from them (DEAL-15)."""

from collections.abc import Callable, Mapping
from typing import Any

from crm_contracts.deals import DealState
from crm_contracts.pipelines import DEFAULT_PIPELINE, Stage
from crm_contracts.recurrences import DealRecurringDue, Recurrence, Schedule

from services.deals.deal.domain.deal import Deal
from services.deals.deal.usecases import DealCollaborators, PipelinesNow
from services.deals.pipeline.domain.known import KnownPipelines
from services.deals.recurring.domain import make_deal, make_template
from services.deals.schedule.domain.dates import begin_date, close_date, day_of
from services.deals.schedule.domain.progress import check_schedule
from shared.elements.domain.pipelines import PipelineNotFound
from shared.elements.usecases.create_element import NewElements
from shared.kit.domain import Cause, NotFound
from shared.kit.storage.repository import Records, Repository
from shared.kit.storage.repository_errors import IdTaken


async def create_template(
    id_: str,
    source: Deal,
    schedule: Schedule,
    cause: Cause,
    *,
    deals: NewElements[Deal],
    pipelines: KnownPipelines,
    collaborators: DealCollaborators,
) -> Deal:
    """Make a template as a copy of a deal.

    Raises:
        WrongSchedule, NoDates: see `check_schedule` and `planned`.
        AlreadyRecurring: the deal is a template itself.
    """
    check_schedule(schedule)
    first = pipelines.stages_of(source.pipeline_id).first
    template = await deals.add_numbered(
        lambda number: make_template(id_, number, source, cause, first=first, schedule=schedule),
        cause,
        collaborators.numbers,
    )
    await collaborators.removed_clients.remove_from(template.ref, template.client.refs, cause)
    return template


async def read_template(id_: str, *, deals: Records[Deal]) -> Deal:
    """Read a template.

    Raises:
        NotFound: there is no such template, though there may be such a deal.
    """
    deal = await deals.get(id_)
    _check_template(deal)
    return deal


async def plan_template(
    id_: str,
    changes: Mapping[str, Any],
    cause: Cause,
    *,
    deals: Records[Deal],
    check_add: Callable[[Deal], object],
    expected_version: int | None = None,
) -> Deal:
    """Change the schedule of a template; what is absent stays as it is.

    Unless it is paused, deals are made in the name of the user who changed it; `check_add` checks the right to that.

    Raises:
        NotFound: there is no such template.
        WrongSchedule, NoDates: see `check_schedule` and `planned`.
    """

    def plan(deal: Deal) -> None:
        recurrence = _check_template(deal)
        former = {name: getattr(recurrence, name) for name in Schedule.model_fields}
        schedule = Schedule(**{**former, **changes})
        check_schedule(schedule)
        deal.reschedule(schedule, by=cause.actor, at=cause.at, roles=cause.roles)
        if schedule.active and deal.recurrence is not recurrence:
            check_add(deal)

    return await deals.change(id_, plan, cause, expected_version=expected_version)


async def expose_template(
    id_: str,
    template: Deal,
    cause: Cause,
    *,
    deals: NewElements[Deal],
    pipelines: KnownPipelines,
    collaborators: DealCollaborators,
) -> Deal:
    """Make a deal from a template now, beside its schedule: neither its dates nor its limit change."""
    schedule = _check_template(template)
    today = day_of(cause.at, schedule)
    dates = {"begin_date": begin_date(today, schedule), "close_date": close_date(today, schedule)}
    first = pipelines.stages_of(template.pipeline_id).first
    history = await collaborators.histories.of(template.client.refs)
    deal = await deals.add_numbered(
        lambda number: make_deal(id_, number, template.state, cause, first=first, history=history, **dates),
        cause,
        collaborators.numbers,
    )
    await collaborators.removed_clients.remove_from(deal.ref, deal.client.refs, cause)
    return deal


async def make_due_deal(
    due: DealRecurringDue,
    cause: Cause,
    *,
    deals: Repository[Deal],
    pipelines: PipelinesNow,
    collaborators: DealCollaborators,
) -> None:
    """Make the deal of a date that has come; there is one for each, however often that is told."""
    template, first = _placed(due.template, await pipelines.known())
    dates = {"begin_date": due.begins_on, "close_date": due.closes_on, "planned_for": due.planned_for}
    id_ = due.proposed_deal_id
    history = await collaborators.histories.of(template.client.refs)
    try:
        deal = await deals.add_numbered(
            lambda number: make_deal(id_, number, template, cause, first=first, history=history, **dates),
            cause,
            collaborators.numbers,
        )
    except IdTaken:  # it has been made, and may have been deleted since
        return
    await collaborators.removed_clients.remove_from(deal.ref, deal.client.refs, cause)


def _placed(template: DealState, pipelines: KnownPipelines) -> tuple[DealState, Stage]:
    """Return a template and the first stage of its pipeline: of the default one, where its own is gone (ADR 0059)."""
    try:
        return template, pipelines.stages_of(template.pipeline_id).first
    except PipelineNotFound:
        moved = template.model_copy(update={"pipeline_id": DEFAULT_PIPELINE})
        return moved, pipelines.stages_of(DEFAULT_PIPELINE).first


def _check_template(deal: Deal) -> Recurrence:
    """Return how far a template got.

    Raises:
        NotFound: it is a deal.
    """
    if deal.recurrence is None:
        message = f"There is no template {deal.id}: that is a deal."
        raise NotFound(message)
    return deal.recurrence
