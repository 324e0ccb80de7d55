"""Recognise how a CSV file separates and quotes its cells, from its first lines. Pure."""

import csv
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, Final

DELIMITERS: Final = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_NAMED: Final = {"comma": ",", "semicolon": ";", "tab": "\t", "\\t": "\t", "bar": "|", "pipe": "|"}
_SAID: Final = re.compile(r"\A\ufeff?\"?sep=(.)\"?(\r\n|\r|\n)")
"""The first line by which some spreadsheets name the separator."""
_LINES: Final = 200


@dataclass(frozen=True)
class Dialect:
    """How cells are written.

    Attributes:
        delimiter: one character between cells.
        padded: blanks before a quoted cell belong to no cell, as in `1, "Anna"`.
        quote: the character around cells.
        skipped: lines before the header.
    """

    delimiter: str = ","
    padded: bool = False
    quote: str = '"'
    skipped: int = 0

    @property
    def options(self) -> dict[str, Any]:
        """The options of `csv.reader`."""
        return {"delimiter": self.delimiter, "skipinitialspace": self.padded, "quotechar": self.quote}

    def __str__(self) -> str:
        quoted = "" if self.quote == '"' else f", quoted by {self.quote}"
        return f"separated by {DELIMITERS.get(self.delimiter, self.delimiter)}{quoted}"


def named_delimiter(text: str) -> str | None:
    """Return the character for a name such as `tab`, or for itself; None where it is neither."""
    found = _NAMED.get(text.lower(), text)
    return found if len(found) == 1 and not found.isalnum() and found not in "\"'\r\n" else None


def recognise_dialect(sample: str, delimiter: str | None = None, columns: Collection[str] = ()) -> Dialect:
    """Return the dialect of a text that begins like this.

    `delimiter` is not searched where it is given; else it is the one that makes most of the expected `columns`, or most
    columns at all.
    """
    said = _SAID.match(sample)
    text = sample[said.end() :] if said else sample
    lines = text.splitlines(keepends=True)[:_LINES]
    chosen = delimiter or (said and said[1]) or max(DELIMITERS, key=lambda each: _fitness(lines, each, columns))
    header = next(csv.reader(lines, delimiter=chosen), [])
    single = len(header) > 1 and all(re.fullmatch(r"\s*'.*'\s*", name) for name in header)
    quote = "'" if single else '"'
    return Dialect(chosen, _is_padded("".join(lines), chosen, quote), quote, 1 if said else 0)


def _fitness(lines: list[str], delimiter: str, columns: Collection[str]) -> tuple[int, float]:
    """Return how many expected columns a delimiter makes, and how many at all, less where rows disagree."""
    rows = [cells for cells in csv.reader(lines, delimiter=delimiter, skipinitialspace=True) if cells]
    if not rows or len(rows[0]) == 1:
        return 0, 0
    expected = sum(name.strip() in columns for name in rows[0])
    return expected, len(rows[0]) * (sum(len(row) == len(rows[0]) for row in rows) / len(rows)) ** 2


def _is_padded(text: str, delimiter: str, quote: str) -> bool:
    """Return whether blanks stand before the quote of a cell somewhere."""
    return any(re.fullmatch(rf" +{quote}", begin) for begin in _begins(text, delimiter, quote))


def _begins(text: str, delimiter: str, quote: str) -> Iterator[str]:
    """Yield the blanks at the begin of each cell with the character after them."""
    inside, begin = False, ""
    at_begin = True
    for letter in text:
        if at_begin:
            begin += letter
            if letter != " ":
                yield begin
                at_begin, begin = False, ""
        inside ^= letter == quote
        if not inside and letter in {delimiter, "\n", "\r"}:
            at_begin, begin = True, ""
