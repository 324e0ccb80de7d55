"""The stages of leads (LEAD-06, PIPE-06, PIPE-07): a dictionary that administrators edit. Leads have no pipelines."""

from typing import ClassVar, Final, Self

from crm_contracts.dictionaries import (
    DictionaryValue,
    DictionaryValueCreated,
    DictionaryValueDeleted,
    DictionaryValueFields,
    DictionaryValueUpdated,
)
from crm_contracts.pipelines import Stage
from crm_contracts.values import ElementRef

from shared.elements.domain.stage_owner import OwnsStages
from shared.elements.domain.stages import StageIds, StageSet
from shared.kit.domain import Refused

LEAD_STAGE: Final = "lead_stage"
"""The dictionary, and so the one document with the stages of leads."""
MAX_STAGE_ID: Final = 21
NEW: Final = Stage(id="NEW", name="New", semantic="P", sort=10, color="#39A8EF", system=True)
"""Where leads start; only its name, place and colour may ever be others."""
CONVERTED: Final = Stage(id="CONVERTED", name="Converted", semantic="S", sort=40, color="#7BD500", system=True)
"""Where a conversion puts its lead (LEAD-14); only its name, place and colour may ever be others."""
SEEDS: Final = (
    NEW,
    Stage(id="IN_PROCESS", name="In progress", semantic="P", sort=20, color="#2FC6F6"),
    Stage(id="PROCESSED", name="Processed", semantic="P", sort=30, color="#55D0E0"),
    CONVERTED,
    Stage(id="JUNK", name="Junk", semantic="F", sort=50, color="#FF5752", system=True),
)
_SAME: Final = ("name", "semantic", "sort", "color", "system")
"""What a stage has under the names that a value of a dictionary has it."""


class StageHasLeads(Refused):
    """There are leads on the stage that is to be deleted."""

    code = "stage_has_leads"
    advice = "Move its leads to another stage first, or delete them; those that you may not read count as well."


class LeadStages(OwnsStages):
    """The stages of leads, as the values of the dictionary `lead_stage` (DICT-02, DICT-04)."""

    NOUN: ClassVar[str] = "dictionary"

    values: tuple[DictionaryValue, ...] = ()

    @classmethod
    def create(cls) -> Self:
        """Create them as they are at the start (LEAD-06), and record an event for each."""
        stages = cls(id=LEAD_STAGE)
        stages._put_stages(StageSet(SEEDS))
        return stages

    @property
    def ref(self) -> ElementRef:
        """Reference to the dictionary."""
        return ElementRef(type=self.NOUN, id=self.id, title="Stages of leads")

    @property
    def stage_ids(self) -> StageIds:
        """Ids without a prefix."""
        return StageIds(MAX_STAGE_ID)

    @property
    def stage_set(self) -> StageSet:
        """The stages, with their rules."""
        return StageSet([_stage(value) for value in self.values])

    def _put_stages(self, stages: StageSet) -> None:
        known = {value.code: value for value in self.values}
        self.values = tuple(_value(stage, known.get(stage.id)) for stage in stages)
        codes = tuple(value.code for value in self.values)
        for value in self.values:
            before = known.pop(value.code, None)
            if before is None:
                self.record(DictionaryValueCreated(dictionary=self.ref, value=value, codes=codes))
            elif value != before:
                old, new = _changed(before, value)
                self.record(
                    DictionaryValueUpdated(dictionary=self.ref, before=old, after=new, value=value, codes=codes)
                )
        for before in known.values():
            self.record(DictionaryValueDeleted(dictionary=self.ref, before=before, codes=codes))


def _stage(value: DictionaryValue) -> Stage:
    return Stage.model_validate({"id": value.code, **{name: getattr(value, name) for name in _SAME}})


def _value(stage: Stage, before: DictionaryValue | None) -> DictionaryValue:
    """Make the value of a stage; it keeps the name that it was created with."""
    first_name = stage.name if before is None else before.default_name
    fields = {name: getattr(stage, name) for name in _SAME}
    return DictionaryValue(code=stage.id, default_name=first_name, **fields)


def _changed(before: DictionaryValue, after: DictionaryValue) -> tuple[DictionaryValueFields, DictionaryValueFields]:
    names = [name for name in DictionaryValueFields.model_fields if getattr(before, name) != getattr(after, name)]
    old, new = ({name: getattr(each, name) for name in names} for each in (before, after))
    return DictionaryValueFields(**old), DictionaryValueFields(**new)
