"""Carriage returns in the cells of an XLSX file: XML alone would make line ends of them (ECMA-376, ST_Xstring)."""

import re
from typing import Final

_LIKE_AN_ESCAPE: Final = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
_ESCAPED: Final = {"_x000D_": "\r", "_x005F_": "_"}


def escape_returns(text: str) -> str:
    """Write carriage returns as spreadsheets do; what looks like one that is written so stays a text."""
    return _LIKE_AN_ESCAPE.sub("_x005F_", text).replace("\r", "_x000D_")


def unescape_returns(text: str) -> str:
    """Read carriage returns as spreadsheets write them."""
    return re.sub("|".join(_ESCAPED), lambda found: _ESCAPED[found[0]], text)
