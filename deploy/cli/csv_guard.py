"""Keep a spreadsheet from computing or rewriting the cells of a CSV file.

It must neither compute foreign text, whichever part of it it takes for a cell, nor make a number or a date of a text.

Programs differ in what ends a cell: a carriage return inside quotes, a doubled quote, the semicolon of another country.
So an apostrophe is put before whatever looks like a formula at the begin of a cell or after such a character, and one
at the begin of each cell that has any, by which readers recognise it. `+49 30 901820` and even `'=1` are read as they
were written. An apostrophe also goes before digits that a spreadsheet would write in another way: the phone
`01712345678` would lose its zero, `491712345678` becomes 4.9E+11, `3/4` a day.
"""

import csv
import re
from collections.abc import Callable, Iterable
from typing import Final, TextIO

FORMULA: Final = "=+-@＝＋－＠﹦﹢﹣﹫⁼₌⁺₊⩵⩶﬩"  # noqa: RUF001 - all that some program folds into the first four
"""What begins a formula."""
_ENDS: Final = '\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"\t,;'
_BLANKS: Final = " \xa0\u200b\u3000\ufeff"
_BEGIN: Final = rf"[{_BLANKS}']*[{re.escape(FORMULA)}\t"
"""Of a formula, with what a program may skip before it. Without the closing bracket: at the begin of a cell there are
more such characters. Apostrophes are among those skipped, so that what is escaped already is escaped once more."""
_INSIDE: Final = re.compile(rf"(?<=[{_ENDS}])(?={_BEGIN}])")
_DIGITS: Final = r"[0-9][0-9 .,:/eE+-]*"
_KEPT: Final = r"(0|[1-9][0-9]{0,10})(\.[0-9]{0,4}[1-9])?|[0-9]{4}-[0-9]{2}-[0-9]{2}(T.*)?"
"""Plain numbers and dates, which a spreadsheet leaves or writes back in a form that an import recognises."""
_CHANGED: Final = re.compile(rf"[{_BLANKS}]*'*(?!(?:{_KEPT})\Z){_DIGITS}")
_ANYWHERE: Final = re.compile(rf"\A{_BEGIN}\r\n]|{_INSIDE.pattern}")
_ESCAPED_INSIDE: Final = re.compile(rf"(?<=[{_ENDS}])'(?={_BEGIN}])")


def escape_formula(cell: str) -> str:
    """Put an apostrophe before whatever a spreadsheet might compute or rewrite."""
    touched = _ANYWHERE.search(cell) or _CHANGED.fullmatch(cell)
    return f"'{_INSIDE.sub(chr(39), cell)}" if touched else cell


def unescape_formula(cell: str) -> str:
    """Remove these apostrophes from a cell that was written with them, and from no other."""
    if not cell.startswith("'"):
        return cell
    unescaped = _ESCAPED_INSIDE.sub("", cell[1:])
    return unescaped if escape_formula(unescaped) == cell else cell


def csv_writer(text: TextIO, delimiter: str = ",") -> Callable[[Iterable[str]], None]:
    """Return a function that writes a row; open the text with `newline=""`."""
    # Only characters of the line terminator are put in quotes: with another one a bare carriage return begins a row.
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\r\n")

    def put(cells: Iterable[str]) -> None:
        writer.writerow([escape_formula(cell) for cell in cells])

    return put
