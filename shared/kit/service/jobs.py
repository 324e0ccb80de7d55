"""Run the jobs of a replica, each repeated after an interval."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from shared.kit.cancelled import raise_if_cancelled
from shared.kit.messaging.failures import is_transient
from shared.kit.telemetry.logs import log
from shared.kit.telemetry.metrics import JOB_CHANGES, JOB_RUNS

Job = Callable[[], Awaitable[object]]
"""A job that returns a number has made so many changes. The name of its function is a metric label."""


class Jobs:
    """The jobs of one replica."""

    def __init__(self) -> None:
        self._jobs: list[tuple[float, float, float, Job]] = []
        self._tasks: list[asyncio.Task[None]] = []

    def add(self, seconds: float, job: Job, *, first_s: float | None = None, again_s: float | None = None) -> None:
        """Run a job after every `seconds`, once started.

        If they are given, for the first time after `first_s`, and after a failure again after `again_s`.
        """
        first, again = (seconds if given is None else given for given in (first_s, again_s))
        self._jobs.append((first, seconds, again, job))

    def start(self) -> None:
        """Start to run the jobs, in the background."""
        self._tasks = [asyncio.create_task(_repeat(*each)) for each in self._jobs]

    async def stop(self) -> None:
        """Cancel all jobs."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _repeat(first_s: float, seconds: float, again_s: float, job: Job) -> None:
    name = _name_of(job)
    done, failed, changes = JOB_RUNS.labels(name, "done"), JOB_RUNS.labels(name, "failed"), JOB_CHANGES.labels(name)
    pause_s = first_s
    while True:
        raise_if_cancelled()
        await asyncio.sleep(pause_s)
        try:
            changed = await job()
        except Exception as error:  # noqa: BLE001 - the next run may succeed
            pause_s = again_s
            failed.inc()
            if not is_transient(error):
                log.exception("job failed", job=name)
        else:
            pause_s = seconds
            done.inc()
            changes.inc(changed if isinstance(changed, int) else 0)


def _name_of(job: Callable[..., object]) -> str:
    return _name_of(job.func) if isinstance(job, partial) else getattr(job, "__name__", type(job).__name__)
