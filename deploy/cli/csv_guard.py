"""Prevent CSV injection: a spreadsheet must not compute a cell of foreign text that begins like a formula.

Writers of a CSV file put an apostrophe before such a cell, readers remove it, so that `+49 30 901820` and even `'=1`
are read as they were written.
"""

import re
from typing import Final

_FORMULA: Final = re.compile(r"'*[=+\-@\t\r\n]")


def escape_formula(cell: str) -> str:
    """Put an apostrophe before a cell that a spreadsheet might compute."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def unescape_formula(cell: str) -> str:
    """Remove that apostrophe."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
