"""Handle records of one key in order, and keys side by side."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from shared.kit.messaging.postponed import Key, key_of
from shared.kit.messaging.record_handling import Postpone, Redeliver
from shared.kit.messaging.records import Record
from shared.kit.telemetry.logs import log


async def handle_in_lanes(
    records: Sequence[Record],
    handle: Callable[[Record], Awaitable[None]],
    *,
    keep: Callable[[Sequence[Record]], bool],
    parallel_keys: int,
) -> bool:
    """Handle the records of a batch; False where the batch must be delivered again.

    A record that waits for another event is given to `keep` with those behind it; False where that takes no more.
    """
    lanes: dict[Key, list[Record]] = {}
    for record in records:
        lanes.setdefault(key_of(record), []).append(record)
    room = asyncio.Semaphore(parallel_keys)
    return all(await asyncio.gather(*(_handle_lane(lane, handle, keep, room) for lane in lanes.values())))


async def _handle_lane(
    lane: Sequence[Record],
    handle: Callable[[Record], Awaitable[None]],
    keep: Callable[[Sequence[Record]], bool],
    room: asyncio.Semaphore,
) -> bool:
    async with room:
        for place, record in enumerate(lane):
            try:
                await handle(record)
            except Postpone:
                return keep(lane[place:])
            except Redeliver:
                return False
            except Exception:  # noqa: BLE001 - the batch is delivered again
                log.exception("record neither handled nor parked", topic=record.topic, offset=record.offset)
                return False
    return True
