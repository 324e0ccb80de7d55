"""Check that every element stands on a stage that there is (LEAD-06, DEAL-06, PIPE-06)."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from crm_contracts.values import StageSemantic

from deploy.verify.findings import Finding
from deploy.verify.invariant import Invariant, Stored


class _Stage(NamedTuple):
    """A stage of the document that has it, as findings name that: `pipeline:default`, `dictionary:lead_stage`."""

    owner: str
    id: str
    semantic: StageSemantic


class Stages(Invariant):
    """Compare the stages of elements with those that pipelines and dictionaries have."""

    name = "stages"
    promise = "every lead and every deal stands on a stage that there is, and has its meaning"

    def __init__(self, *, now: datetime, patience: timedelta) -> None:
        """Leave alone what changed since `patience` ago: who came to a stage that was deleted is moved soon."""
        super().__init__()
        self._settled = now - patience
        self._there: set[_Stage] = set()
        self._standing: Counter[_Stage] = Counter()
        self._first: dict[_Stage, str] = {}

    def take_document(self, stored: Stored) -> None:
        state = stored.state
        if "stage" in stored.type.has:
            self.checked += state.deleted_at is None
            if state.deleted_at is None and state.updated_at <= self._settled:
                owner = getattr(state, "pipeline_id", None)
                place = f"pipeline:{owner}" if owner else f"dictionary:{stored.type.noun}_stage"
                stage = _Stage(place, state.stage_id, state.stage_semantic)
                self._standing[stage] += 1
                self._first.setdefault(stage, stored.subject)
        elif stored.type.noun == "pipeline":
            self._there |= {_Stage(stored.subject, each.id, each.semantic) for each in state.stages}
        elif stored.type.noun == "dictionary":
            self._there |= {_Stage(stored.subject, each.code, each.semantic) for each in state.values if each.semantic}

    def broken(self) -> Iterator[Finding]:
        for stage, number in self._standing.items():
            if stage not in self._there:
                detail = f"has no stage {stage.id} ({stage.semantic}), on which {self._first[stage]} stands"
                yield self._finding(stage.owner, detail + (f" and {number - 1} more" if number > 1 else ""))
