"""The stages of a lead (LEAD-06); leads have no pipelines."""

from typing import Final

from shared.elements.domain.stages import Stage, StageSet

LEAD_STAGES: Final = StageSet(
    [
        Stage(id="NEW", name="New", semantic="P", sort=10),
        Stage(id="IN_PROCESS", name="In progress", semantic="P", sort=20),
        Stage(id="PROCESSED", name="Processed", semantic="P", sort=30),
        Stage(id="CONVERTED", name="Converted", semantic="S", sort=40),
        Stage(id="JUNK", name="Junk", semantic="F", sort=50),
    ]
)
