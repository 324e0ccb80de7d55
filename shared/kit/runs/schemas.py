"""Bodies and answer models of runs."""

import json
from datetime import datetime
from typing import Any, Self

from pydantic import BaseModel, Field

from shared.kit.runs.outcomes import Outcome
from shared.kit.runs.run import Run
from shared.kit.runs.values import State, Status
from shared.kit.web.schemas import Input


class UndoIn(Input):
    """How a run is undone."""

    dry_run: bool = Field(default=False, strict=True, description="tell what would become of each, and write nothing")


class OutcomeOut(BaseModel):
    """What became of one record."""

    id: str = Field(description="id of the record")
    status: Status = Field(
        description="`ok` where it is as it was wished; `denied` without the right to that; `not_found` where there is "
        "none, or none that the caller may read; `refused` where it does not allow it"
    )
    code: str | None = Field(description="why it was not changed, as `code` of a problem; null where it was")
    message: str | None = Field(description="the same in words")
    version: int | None = Field(
        description="version of the record, as the run left it; null where others changed it just then, or nobody did"
    )
    before: dict[str, Any] = Field(description="those of its fields that were changed, as they were")
    after: dict[str, Any] = Field(description="the same, as they became; of a dry run, as they would become")

    @classmethod
    def of(cls, outcome: Outcome) -> Self:
        """Show an outcome."""
        return cls(**{name: getattr(outcome, name) for name in cls.model_fields})


class CountsOut(BaseModel):
    """How many records a run has handled, by what became of them."""

    ok: int = Field(description="records that are as it was wished")
    denied: int = Field(description="records that the starter had no right to change")
    not_found: int = Field(description="records that there are not, or not to the starter")
    refused: int = Field(description="records that do not allow it")


class RunOut(BaseModel):
    """A change of many records, and how far it is."""

    id: str = Field(description="id of the run, and `ce_bulkid` of all events of the records that it changes")
    element: str = Field(description="type of the records", examples=["deal"])
    action: dict[str, Any] = Field(description="what is done to each record, as it was asked for")
    filter: dict[str, Any] | None = Field(
        description="what a record has to be; null where ids were given, or a run is undone"
    )
    dry_run: bool = Field(description="whether nothing is written")
    state: State = Field(
        description="`waiting` until a replica begins; a run that is `paused` or `cancelled` ends what it has in hand"
    )
    reason: str | None = Field(description="code of the error that paused it; null where it was paused by hand")
    total: int | None = Field(description="number of the records; null where a filter chooses them")
    handled: int = Field(description="number of the records that were handled so far")
    counts: CountsOut = Field(description="the same by what became of them")
    started_by: str = Field(description="for whom it acts", examples=["user:anna"])
    created_at: datetime
    ended_at: datetime | None = Field(description="when it was done or cancelled; null until then")

    @classmethod
    def shown(cls, run: Run) -> dict[str, Any]:
        """Take from a run what is shown of it."""
        same = ("id", "state", "reason", "total", "created_at", "ended_at")
        return {
            **{name: getattr(run, name) for name in same},
            "element": run.records,
            "action": {"type": run.action, **json.loads(run.parameters)},
            "filter": None if run.selection is None else json.loads(run.selection),
            "dry_run": run.is_rehearsal,
            "handled": sum(run.counts.values()),
            "counts": CountsOut(**run.counts),
            "started_by": run.actor,
        }

    @classmethod
    def of(cls, run: Run) -> Self:
        """Show a run."""
        return cls(**cls.shown(run))


class StartedRunOut(RunOut):
    """A change of many records; of few of them, with what became of each."""

    items: list[OutcomeOut] | None = Field(
        description="what became of each record, in the order of `ids`; null where the run goes on: its address in "
        "`Location` tells how far it is"
    )

    @classmethod
    def ended(cls, run: Run, items: list[OutcomeOut] | None) -> Self:
        """Show a run with what became of its records."""
        return cls(**cls.shown(run), items=items)
