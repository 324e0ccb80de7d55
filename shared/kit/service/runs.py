"""Compose what works at changes of many records in a service."""

from shared.kit.leases.lease import Lease
from shared.kit.runs.outcomes import OUTCOME_INDEXES, Outcomes
from shared.kit.runs.run import Run
from shared.kit.runs.runner import HELD_S, LOOK_EVERY_S, Runner
from shared.kit.runs.store import OUTCOMES, RUN_INDEXES, RUNS, RunViews
from shared.kit.service.service import Service


def open_runner(service: Service) -> Runner:
    """Open the runs of a service, at which each replica works (ADR 0060)."""
    runs = service.repository(Run, RUNS, indexes=RUN_INDEXES)
    now, new_id = service.database.now, service.new_id
    lease = Lease(new_id(), runs, now, new_id, HELD_S, actor=f"service:{service.name}")
    runner = Runner(runs, lease, RunViews(runs), Outcomes(service.collection(OUTCOMES, OUTCOME_INDEXES)))
    service.every(LOOK_EVERY_S, runner.work_at_runs)
    return runner
