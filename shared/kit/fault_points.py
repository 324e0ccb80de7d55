"""Fault points: places where a test kills the process.

Only `CRM_FAULT_POINT` arms one, and only tests set it; in production a point is one comparison with None. The value
`written:leads#2` kills at the second passage of that point.
"""

import os
import signal

_ARMED = os.environ.get("CRM_FAULT_POINT")
_passages = 0


def fault_point(name: str) -> None:
    """Kill the process by SIGKILL, as a power cut would, if a test armed this point."""
    if _ARMED is None:
        return
    global _passages  # noqa: PLW0603 - a process dies once
    armed, _, nth = _ARMED.partition("#")
    if armed == name:
        _passages += 1
        if _passages == int(nth or 1):
            os.kill(os.getpid(), signal.SIGKILL)
