"""Fault points: places where a test makes the process die, named in the environment.

The surprise: in production this is one comparison with None. Nothing but `CRM_FAULT_POINT` arms it, and only the tests
set that. `written:leads#2` dies at the second arrival at that point.
"""

import os
import signal

_ARMED = os.environ.get("CRM_FAULT_POINT")
_arrivals = 0


def fault_point(name: str) -> None:
    """Die by SIGKILL, as a power cut would, if a test armed this point."""
    if _ARMED is None:
        return
    global _arrivals  # noqa: PLW0603 - a process dies once
    armed, _, nth = _ARMED.partition("#")
    if armed == name:
        _arrivals += 1
        if _arrivals == int(nth or 1):
            os.kill(os.getpid(), signal.SIGKILL)
