"""Work at the open rebuild, in whichever replica gets the lease (TL-11).

Every replica tries again and again; one that stops releases the lease, one that dies no longer renews it.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from functools import partial

from services.timeline.rebuild.domain import Rebuild
from services.timeline.rebuild.usecases.build_version import build_version
from services.timeline.rebuild.usecases.compare_versions import compare_versions
from services.timeline.rebuild.usecases.ports import Comparing, Log, Versions, Views
from shared.kit.leases.lease import Hold, Lease
from shared.kit.leases.leased import HeldByAnother
from shared.kit.messaging.failures import is_transient, reason_of
from shared.kit.telemetry.logs import log as logger


async def run_rebuild(
    *,
    lease: Lease[Rebuild],
    views: Views,
    versions: Versions,
    comparing: Comparing,
    open_log: Callable[[], AbstractAsyncContextManager[Log]],
) -> None:
    """Work at the rebuild until it has ended, waits for a decision, or another replica holds it."""
    rebuild = await views.at_work()
    if rebuild is None:
        return
    hold: Hold[Rebuild] = partial(lease.hold, rebuild.id)
    try:
        rebuild = await hold(lambda _: None)
        if rebuild.state != "switching":
            async with open_log() as log:
                rebuild = await _prepare(rebuild, versions=versions, comparing=comparing, log=log, hold=hold)
        if rebuild.state == "switching":
            replaced, moment = await versions.switch(rebuild.generation), await lease.server_time()
            await hold(lambda found: found.complete(replaced=replaced, now=moment))
    except HeldByAnother:
        pass
    except Exception as error:
        if is_transient(error):
            raise
        logger.exception("rebuild failed")
        reason, moment = reason_of(error), await lease.server_time()
        await hold(lambda found: found.fail(reason, now=moment))
    finally:
        await lease.release(rebuild.id)


async def _prepare(
    rebuild: Rebuild, *, versions: Versions, comparing: Comparing, log: Log, hold: Hold[Rebuild]
) -> Rebuild:
    if rebuild.state == "building":
        rebuild = await build_version(rebuild, versions=versions, log=log, hold=hold)
    return await compare_versions(rebuild, comparing=comparing, log=log, hold=hold)
