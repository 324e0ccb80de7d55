"""End a loop that was cancelled, also where what it awaited has swallowed that."""

import asyncio


def raise_if_cancelled() -> None:
    """Raise CancelledError where the running task was asked to end.

    A cancellation is raised once, at what the task awaits. aiokafka, for one, may catch it there and return; then the
    loop would go on for ever, and whatever stops it would wait for ever.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
