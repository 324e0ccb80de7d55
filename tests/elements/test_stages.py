"""The stage engine (LEAD-06, DEAL-06)."""

import pytest
from crm_contracts.pipelines import Stage

from shared.elements.domain.stage_errors import StageNotFound
from shared.elements.domain.stages import StageSet
from tests.builders.causes import ANNA, NOON, later
from tests.builders.deals import DEAL_STAGES, a_deal

STAGES = StageSet(
    [
        Stage(id="WON", name="Won", semantic="S", sort=30),
        Stage(id="NEW", name="New", semantic="P", sort=10),
        Stage(id="LOST", name="Lost", semantic="F", sort=40),
    ]
)


def test_stages_come_in_their_order_and_new_elements_start_on_the_first() -> None:
    assert [stage.id for stage in STAGES] == ["NEW", "WON", "LOST"]
    assert (STAGES.first.id, STAGES.success.id) == ("NEW", "WON")


def test_a_stage_of_another_set_is_named_as_the_wrong_field() -> None:
    """DEAL-06."""
    with pytest.raises(StageNotFound) as refused:
        STAGES.get("JUNK")
    assert refused.value.details["errors"][0]["field"] == "stage_id"
    assert refused.value.code == "stage_not_in_pipeline"


def test_going_back_to_work_opens_an_element_again() -> None:
    """DEAL-08, LEAD-07."""
    deal = a_deal()
    deal.move(DEAL_STAGES.get("LOSE"), DEAL_STAGES.first, by=ANNA, at=NOON)
    assert (deal.closed, deal.closed_at, deal.stage_semantic) == (True, NOON, "F")
    deal.move(DEAL_STAGES.get("EXECUTING"), DEAL_STAGES.first, by="user:bob", at=later(5))
    assert (deal.closed, deal.closed_at, deal.stage_semantic) == (False, None, "P")
    assert (deal.moved_at, deal.moved_by) == (later(5), "user:bob")
