"""The stage engine (LEAD-06, DEAL-06)."""

import re
from contextlib import suppress

import pytest
from crm_contracts.pipelines import Stage
from crm_contracts.values import StageSemantic
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from shared.elements.domain.stage_errors import StageNotFound, StageOutOfOrder, StageStays, SystemStage, WrongStageId
from shared.elements.domain.stages import StageIds, StageSet
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


class SetOfStages(RuleBasedStateMachine):
    """Any additions, moves and deletions of stages, and an element that moves among them (PIPE-06)."""

    def __init__(self) -> None:
        super().__init__()
        self.stages = STAGES
        self.element = "NEW"
        self.number = 0

    @rule(semantic=st.sampled_from("PSF"), sort=st.none() | st.integers(0, 60))
    def add(self, semantic: StageSemantic, sort: int | None) -> None:
        self.number += 1
        place = self.stages.place_of_new(semantic) if sort is None else sort
        stage = Stage(id=f"S{self.number}", name="x", semantic=semantic, sort=place)
        try:
            self.stages = self.stages.added(stage)
        except StageOutOfOrder:
            assert sort is not None or semantic == "S", "without a place it always fits"

    @rule(data=st.data(), sort=st.integers(0, 60))
    def reorder(self, data: st.DataObject, sort: int) -> None:
        stage = data.draw(st.sampled_from(list(self.stages)))
        with suppress(StageOutOfOrder):
            self.stages = self.stages.changed(stage.id, {"sort": sort})

    @rule(data=st.data(), forced=st.booleans())
    def delete(self, data: st.DataObject, forced: bool) -> None:  # noqa: FBT001
        stage = data.draw(st.sampled_from(list(self.stages)))
        if stage.id == self.element:
            return  # refused where stages are stored: it has an element (PIPE-06)
        with suppress(StageStays, SystemStage):
            self.stages = self.stages.deleted(stage.id, forced=forced)

    @rule(data=st.data())
    def move(self, data: st.DataObject) -> None:
        self.element = self.stages.get(data.draw(st.sampled_from([stage.id for stage in self.stages]))).id

    @invariant()
    def keeps_its_order(self) -> None:
        meanings = "".join(stage.semantic for stage in self.stages)
        assert re.fullmatch("P+SF*", meanings), meanings
        assert self.stages.first.id == "NEW"
        assert len({stage.id for stage in self.stages}) == len(meanings)
        assert self.stages.find(self.element) is not None


TestSetOfStages = SetOfStages.TestCase


@pytest.mark.parametrize(
    ("given", "kept"), [("NEW", "Cp:NEW"), ("Cp:NEW", "Cp:NEW"), ("a-B_9", "Cp:a-B_9"), ("x" * 18, f"Cp:{'x' * 18}")]
)
def test_an_id_gets_the_prefix_of_its_set(given: str, kept: str) -> None:
    """PIPE-02, PIPE-06."""
    assert StageIds(21, "Cp:").check(given) == kept


@pytest.mark.parametrize("given", ["", "Cp:", "Ä", "A B", "A:B", "Cq:NEW", "x" * 19, "\N{ARABIC-INDIC DIGIT ONE}"])
def test_an_id_of_other_characters_or_too_many_is_refused(given: str) -> None:
    """PIPE-06."""
    with pytest.raises(WrongStageId):
        StageIds(21, "Cp:").check(given)
