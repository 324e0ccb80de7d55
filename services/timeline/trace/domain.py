"""The events with one correlation id as a tree, built from the causes that their entries name."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Self

from crm_contracts.values import ElementRef
from pydantic import BaseModel

from services.timeline.entry.domain.entry import Entry

MAX_STEPS = 2_000
MAX_DEPTH = 50


class Step(BaseModel):
    """One event and what it caused; `elapsed_ms` is the time since its cause, for a root since the first step."""

    event_id: str
    type: str
    service: str
    actor: str
    occurred_at: datetime
    elapsed_ms: float
    elements: list[ElementRef]
    children: list["Step"] = []

    @classmethod
    def of(cls, entry: Entry) -> Self:
        """Make the step of the event of an entry, without its elements."""
        return cls(
            event_id=entry.event_id,
            type=entry.type,
            service=entry.service,
            actor=entry.actor,
            occurred_at=entry.occurred_at,
            elapsed_ms=0,
            elements=[],
        )


class Trace(BaseModel):
    """All steps with one correlation id; `total_ms` is the time from the first to the last."""

    correlation_id: str
    total_ms: float
    truncated: bool
    steps: list[Step]


def trace_of(
    correlation_id: str, entries: Iterable[Entry], *, truncated: bool, shown: set[str] | None = None
) -> Trace | None:
    """Build the tree, None without entries; an event whose cause is not among them is a root.

    `shown` are the elements that the reader may read, each as `type:id`; None for all of them.
    """
    steps: dict[str, Step] = {}
    causes: dict[str, str | None] = {}
    for entry in sorted(entries, key=lambda entry: (entry.occurred_at, entry.event_id)):
        causes[entry.event_id] = entry.causation_id
        if shown is not None and str(entry.element) not in shown:
            continue
        step = steps.get(entry.event_id)
        if step is None and len(steps) == MAX_STEPS:
            truncated = True
            break
        if step is None:
            step = steps[entry.event_id] = Step.of(entry)
        step.elements.append(entry.element)
    if not steps:
        return None
    first = min(step.occurred_at for step in steps.values())
    last = max(step.occurred_at for step in steps.values())
    roots: list[Step] = []
    for id_, step in steps.items():
        cause = _nearest_cause(id_, steps, causes)
        since = cause.occurred_at if cause else first
        # Clocks of different hosts may disagree by a little.
        step.elapsed_ms = max(0.0, _ms(since, step.occurred_at))
        (cause.children if cause else roots).append(step)
    _flatten_deep_steps(roots)
    return Trace(correlation_id=correlation_id, total_ms=_ms(first, last), truncated=truncated, steps=roots)


def _nearest_cause(id_: str, steps: Mapping[str, Step], causes: Mapping[str, str | None]) -> Step | None:
    """Return the step of the cause, or of its cause where that one is not shown."""
    passed = {id_}
    cause = causes[id_] or ""
    while cause in causes and cause not in steps and cause not in passed:
        passed.add(cause)
        cause = causes[cause] or ""
    return steps.get(cause)


def _flatten_deep_steps(level: list[Step]) -> None:
    """Make all descendants below `MAX_DEPTH` levels siblings, because JSON nests only so deep."""
    for _ in range(MAX_DEPTH):
        level = [child for step in level for child in step.children]
    for step in level:
        below, step.children = step.children, []
        while below:
            next_, *rest = below
            below, next_.children = [*next_.children, *rest], []
            step.children.append(next_)


def _ms(start: datetime, end: datetime) -> float:
    return round((end - start).total_seconds() * 1000, 3)
