"""The rule book of a deal."""

from datetime import date, timedelta

import pytest
from crm_contracts.client_field import Client
from crm_contracts.deals import (
    DealAmountChanged,
    DealClientChanged,
    DealCompanyUnlinked,
    DealContactsAttached,
    DealCreated,
    DealLost,
    DealProductRowsChanged,
    DealStageChanged,
    DealUpdated,
    DealWon,
)
from crm_contracts.pipelines import DEFAULT_FIRST_STAGE, DEFAULT_PIPELINE

from services.deals.deal.domain.deal import Deal
from shared.elements.domain.client_field import set_company
from shared.elements.domain.pipelines import PipelineNotFound
from shared.elements.domain.stage_errors import StageNotFound
from shared.elements.usecases.move_element import move_element
from tests.builders.causes import ANNA, NOON, a_cause, later
from tests.builders.deals import ASKED_BY, DEAL_STAGES, PIPELINES, a_deal, just_created_deal
from tests.builders.fakes import Memory
from tests.builders.values import a_client, a_row, company_ref, contact_ref, euros, priced


def test_a_deal_needs_nothing_begins_today_and_ends_in_seven_days() -> None:
    """DEAL-01, DEAL-12, CMN-01."""
    deal = just_created_deal(title="")
    assert (deal.title, deal.pipeline_id, deal.stage_id, deal.closed) == ("Deal #5", "default", "NEW", False)
    assert (deal.begin_date, deal.close_date) == (NOON.date(), NOON.date() + timedelta(days=7))
    assert deal.recorded == (DealCreated(deal=deal.state, conversion=None),)


def test_others_know_the_stage_in_which_the_deal_of_a_lead_is_opened() -> None:
    """LEAD-11, PERM-02: leads asks for the right to add it there."""
    assert {id_: PIPELINES.stages_of(id_).first.id for id_ in PIPELINES.ids} == {DEFAULT_PIPELINE: DEFAULT_FIRST_STAGE}


def test_the_dates_of_a_deal_may_be_given() -> None:
    """DEAL-12."""
    deal = a_deal(begin_date=date(2026, 1, 1), close_date=date(2027, 1, 1))
    assert (deal.begin_date, deal.close_date) == (date(2026, 1, 1), date(2027, 1, 1))


def test_a_deal_that_comes_from_a_lead_remembers_it() -> None:
    """DEAL-16."""
    deal = just_created_deal(conversion=ASKED_BY)
    assert deal.lead_id == "lead-1"
    assert deal.recorded == (DealCreated(deal=deal.state, conversion=ASKED_BY),)


def test_a_deal_that_starts_with_a_company_asks_for_its_contacts_in_its_first_event() -> None:
    """CLI-07."""
    (created,) = just_created_deal(client=set_company(Client(), "acme")).recorded
    assert isinstance(created, DealCreated)
    assert (created.deal.client.link_state, created.deal.client.link_no) == ("pending", 1)


def test_the_stages_of_the_default_pipeline_are_there() -> None:
    """DEAL-07."""
    assert [(stage.id, stage.semantic) for stage in DEAL_STAGES] == [
        ("NEW", "P"),
        ("PREPARATION", "P"),
        ("PREPAYMENT_INVOICE", "P"),
        ("EXECUTING", "P"),
        ("FINAL_INVOICE", "P"),
        ("WON", "S"),
        ("LOSE", "F"),
        ("APOLOGY", "F"),
    ]


def test_a_pipeline_that_there_is_not_is_named_as_the_wrong_field() -> None:
    """PIPE-01."""
    with pytest.raises(PipelineNotFound) as refused:
        PIPELINES.stages_of("nowhere")
    assert refused.value.details["errors"][0]["field"] == "pipeline_id"


@pytest.mark.parametrize("stage_id", [stage.id for stage in DEAL_STAGES if stage.id != "NEW"])
def test_a_deal_moves_to_any_stage_of_its_pipeline_and_success_or_failure_close_it(stage_id: str) -> None:
    """DEAL-06, DEAL-08."""
    deal, target = a_deal(), DEAL_STAGES.get(stage_id)
    deal.move(target, DEAL_STAGES.first, by="user:bob", at=later(5))
    is_closed = target.semantic != "P"
    assert (deal.stage_id, deal.stage_semantic, deal.closed) == (target.id, target.semantic, is_closed)
    assert deal.closed_at == (later(5) if is_closed else None)
    assert (deal.moved_at, deal.moved_by, deal.updated_at) == (later(5), "user:bob", later(5))
    moved, *closing = deal.recorded
    assert [type(event) for event in closing] == {"P": [], "S": [DealWon], "F": [DealLost]}[target.semantic]
    assert moved == DealStageChanged(
        deal=deal.ref,
        from_stage="NEW",
        to_stage=target.id,
        from_semantic="P",
        to_semantic=target.semantic,
        moved_at=later(5),
        closed_at=deal.closed_at,
        responsible_id=deal.responsible_id,
    )


async def test_a_stage_of_another_pipeline_is_refused() -> None:
    """DEAL-06."""
    deals, deal = Memory(Deal), just_created_deal()
    await deals.add(deal, a_cause("request:0"))
    with pytest.raises(StageNotFound):
        await move_element(deal.id, "JUNK", a_cause(), elements=deals, stages=DEAL_STAGES)
    assert ((await deals.get(deal.id)).stage_id, len(deals.said(deal.id))) == ("NEW", 1)


def test_moving_to_the_stage_where_it_stands_changes_nothing() -> None:
    deal = a_deal()
    deal.move(DEAL_STAGES.first, DEAL_STAGES.first, by="user:bob", at=later(5))
    assert (deal.recorded, deal.moved_at, deal.updated_by) == ((), None, ANNA)


def test_a_correction_tells_only_what_changed() -> None:
    """DEAL-01."""
    deal = a_deal(comments="first")
    deal.correct({"title": "Pumps for ACME", "comments": "second"}, by="user:bob", at=later(5))
    (event,) = deal.recorded
    assert isinstance(event, DealUpdated)
    assert event.after.model_fields_set == {"comments"}
    assert (event.before.comments, event.after.comments) == ("first", "second")
    assert (deal.updated_at, deal.updated_by, deal.created_at) == (later(5), "user:bob", NOON)


def test_a_correction_that_changes_nothing_is_no_correction() -> None:
    deal = a_deal(title="")
    deal.correct({"title": ""}, by="user:bob", at=later(5))
    assert (deal.title, deal.recorded, deal.updated_by) == ("Deal #5", (), ANNA)


def test_products_change_with_their_amount_in_one_write() -> None:
    """ROW-01, ROW-02."""
    deal, sold = a_deal(), priced(a_row(), amount="10")
    deal.set_rows(sold, by=ANNA, at=NOON)
    deal.set_rows(sold, by=ANNA, at=NOON)
    assert deal.recorded == (
        DealProductRowsChanged(deal=deal.ref, before=priced(), after=sold),
        DealAmountChanged(deal=deal.ref, before=euros("0"), after=euros("10")),
    )


def linking(company_id: str) -> Deal:
    deal = a_deal(client=a_client("eve"))
    deal.set_client(set_company(deal.client, company_id), by=ANNA, at=NOON)
    return deal


def test_linking_a_company_asks_for_it_and_the_answer_attaches_its_contacts_once() -> None:
    """CLI-07."""
    deal = linking("acme")
    for _ in range(2):
        deal.attach_contacts(
            link_no=1, company=company_ref(), contacts=(contact_ref(),), truncated=False, by="user:bob", at=later(5)
        )
    asked, attached = deal.recorded
    assert isinstance(asked, DealClientChanged)
    assert (asked.after.link_state, asked.before) == ("pending", a_client("eve"))
    assert attached == DealContactsAttached(deal=deal.ref, attached=(contact_ref(),), client=deal.client)
    assert [link.contact_id for link in deal.client.contacts] == ["eve", "ada"]
    assert (deal.updated_at, deal.updated_by) == (later(5), "user:bob")


def test_a_company_that_is_not_there_is_unlinked_once() -> None:
    """CLI-07."""
    deal = linking("nobody")
    for _ in range(2):
        deal.refuse_company(link_no=1, company=company_ref("nobody"), code="company_not_found", by=ANNA, at=later(5))
    unlinked = DealCompanyUnlinked(
        deal=deal.ref, company=company_ref("nobody"), code="company_not_found", client=deal.client
    )
    assert deal.recorded[1:] == (unlinked,)
    assert (deal.client.company, deal.client.contact_id, deal.updated_at) == (None, "eve", later(5))


def test_an_answer_to_another_link_changes_nothing() -> None:
    """CLI-07."""
    deal = linking("acme")
    before = deal.model_dump()
    deal.attach_contacts(
        link_no=7, company=company_ref(), contacts=(contact_ref(),), truncated=False, by=ANNA, at=later(5)
    )
    deal.refuse_company(link_no=0, company=company_ref(), code="company_not_found", by=ANNA, at=later(5))
    assert (deal.model_dump(), len(deal.recorded)) == (before, 1)


def test_a_client_that_is_set_again_changes_nothing() -> None:
    deal = a_deal(client=a_client("ada", company_id="acme"))
    deal.set_client(set_company(deal.client, "acme"), by=ANNA, at=NOON)
    assert deal.recorded == ()
