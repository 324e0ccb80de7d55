"""The stages of a lead (LEAD-06); leads have no pipelines."""

from typing import Final

from crm_contracts.pipelines import Stage

from shared.elements.domain.stages import StageSet

LEAD_STAGES: Final = StageSet(
    [
        Stage(id="NEW", name="New", semantic="P", sort=10, color="#39A8EF", system=True),
        Stage(id="IN_PROCESS", name="In progress", semantic="P", sort=20, color="#2FC6F6"),
        Stage(id="PROCESSED", name="Processed", semantic="P", sort=30, color="#55D0E0"),
        Stage(id="CONVERTED", name="Converted", semantic="S", sort=40, color="#7BD500", system=True),
        Stage(id="JUNK", name="Junk", semantic="F", sort=50, color="#FF5752", system=True),
    ]
)
