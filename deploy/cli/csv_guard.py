"""Keeps a spreadsheet from computing what somebody else typed: a cell of a CSV file that begins like a formula.

The surprise: it works both ways. Whoever writes a CSV file puts an apostrophe before such a cell, and whoever reads one
takes it away again, so that `+49 30 901820` and even `'=1` come back as they were.
"""

import re
from typing import Final

_FORMULA: Final = re.compile(r"'*[=+\-@\t\r\n]")


def harmless(cell: str) -> str:
    """With an apostrophe where a spreadsheet might compute it."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def as_it_was(cell: str) -> str:
    """Without that apostrophe."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
