"""Waiting for what is not a child of ours: ask, with a deadline."""

import time
from collections.abc import Callable
from typing import Final

from deploy.local.process import NotReady

START_DEADLINE_S: Final = 300.0
"""For what was started here: a bound for a hang. What ends before it is ready says so at once."""


def wait_until(ready: Callable[[], bool], what: str, deadline_s: float) -> None:
    """Ask until the answer is yes.

    Raises:
        NotReady: the deadline passed.
    """
    deadline = time.monotonic() + deadline_s
    while not ready():
        if time.monotonic() > deadline:
            raise NotReady(f"{what} is not ready after {deadline_s:.0f} s")
        time.sleep(0.05)
