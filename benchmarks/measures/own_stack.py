"""A stack for one measurement alone: its services are killed, or it is verified, and others invent documents."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from benchmarks.bench import Bench
from benchmarks.program import MeasurementFailed, Target
from benchmarks.system import HeldStack


@asynccontextmanager
async def own_stack(bench: Bench, name: str) -> AsyncIterator[HeldStack]:
    """Run another stack of our revision within the block, while all others are paused."""
    await bench.give_machine_to(None)
    with await asyncio.to_thread(HeldStack, bench.ours.checkout, bench.ours.directory.with_name(name)) as stack:
        yield stack


async def verify(target: Target) -> None:
    """Verify everything that is stored.

    Raises:
        MeasurementFailed: a promise is broken.
    """
    servers = {"MONGODB_URL": target.mongo, "KAFKA_BOOTSTRAP_SERVERS": target.kafka}
    process = await asyncio.create_subprocess_exec(
        *(target.crm, "verify"),
        env={**os.environ, **servers},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    written, _ = await process.communicate()
    if process.returncode:
        raise MeasurementFailed(f"crm verify ended with {process.returncode}:\n{written.decode()}")
