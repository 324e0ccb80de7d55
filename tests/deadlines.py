"""How long a test waits for what must come: a bound for a hang, never for speed. The one place that says it."""

from typing import Final

DEADLINE_S: Final = 300.0
"""Long enough for a machine that does much else. What is still not there by then will not come."""
