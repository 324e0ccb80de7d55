"""Handle records of one key in order, and keys side by side."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from shared.kit.messaging.record_handling import Redeliver
from shared.kit.messaging.records import Record
from shared.kit.telemetry.logs import log


async def handle_in_lanes(
    records: Sequence[Record], handle: Callable[[Record], Awaitable[None]], *, parallel_keys: int
) -> bool:
    """Handle the records of a batch; False where the batch must be delivered again."""
    lanes: dict[tuple[str, int, bytes | None], list[Record]] = {}
    for record in records:
        lanes.setdefault((record.topic, record.partition, record.key), []).append(record)
    room = asyncio.Semaphore(parallel_keys)
    return all(await asyncio.gather(*(_handle_lane(lane, handle, room) for lane in lanes.values())))


async def _handle_lane(
    lane: Sequence[Record], handle: Callable[[Record], Awaitable[None]], room: asyncio.Semaphore
) -> bool:
    async with room:
        for record in lane:
            try:
                await handle(record)
            except Redeliver:
                return False
            except Exception:  # noqa: BLE001 - the batch is delivered again
                log.exception("record neither handled nor parked", topic=record.topic, offset=record.offset)
                return False
    return True
