"""Work at the open rebuild, in whichever replica gets the lease (TL-11).

Every replica tries again and again; one that stops releases the lease, one that dies no longer renews it.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from functools import partial

from services.timeline.rebuild.domain import HeldByAnother, Rebuild
from services.timeline.rebuild.usecases.build_version import build_version
from services.timeline.rebuild.usecases.compare_versions import compare_versions
from services.timeline.rebuild.usecases.hold_rebuild import SERVICE, hold_rebuild
from services.timeline.rebuild.usecases.ports import Comparing, Hold, Log, ServerTime, Versions, Views
from shared.kit.domain import Cause, NewId
from shared.kit.messaging.failures import is_transient, reason_of
from shared.kit.storage.repository import Records
from shared.kit.telemetry.logs import log as logger

OpenLog = Callable[[], AbstractAsyncContextManager[Log]]


async def run_rebuild(
    *,
    holder: str,
    views: Views,
    rebuilds: Records[Rebuild],
    versions: Versions,
    comparing: Comparing,
    open_log: OpenLog,
    server_time: ServerTime,
    new_id: NewId,
    held_s: float,
) -> None:
    """Work at the rebuild until it has ended, waits for a decision, or another replica holds it."""
    rebuild = await views.at_work()
    if rebuild is None:
        return
    hold: Hold = partial(
        hold_rebuild,
        rebuild.id,
        holder=holder,
        rebuilds=rebuilds,
        server_time=server_time,
        new_id=new_id,
        held_s=held_s,
    )
    try:
        rebuild = await hold(lambda _: None)
        if rebuild.state != "switching":
            async with open_log() as log:
                rebuild = await _prepare(rebuild, versions=versions, comparing=comparing, log=log, hold=hold)
        if rebuild.state == "switching":
            replaced, moment = await versions.switch(rebuild.generation), await server_time()
            await hold(lambda found: found.complete(replaced=replaced, now=moment))
    except HeldByAnother:
        pass
    except Exception as error:
        if is_transient(error):
            raise
        logger.exception("rebuild failed")
        reason, moment = reason_of(error), await server_time()
        await hold(lambda found: found.fail(reason, now=moment))
    finally:
        cause = Cause(f"let-go/{new_id()}", SERVICE, rebuild.requested_at, correlation_id=rebuild.id)
        await rebuilds.change(rebuild.id, lambda found: found.release(holder), cause)


async def _prepare(rebuild: Rebuild, *, versions: Versions, comparing: Comparing, log: Log, hold: Hold) -> Rebuild:
    if rebuild.state == "building":
        rebuild = await build_version(rebuild, versions=versions, log=log, hold=hold)
    return await compare_versions(rebuild, comparing=comparing, log=log, hold=hold)
