"""Print the board of a pipeline on a terminal: a column for each open stage, a line for each closed one."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from math import ceil
from typing import Any, Final

from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

NARROWEST: Final = 16
"""Letters of a column; stages that have less room are put below the others."""
_MOST_ABREAST: Final = 6


def board(console: Console, found: Mapping[str, Any]) -> None:
    """Print a board as wide as the console."""
    columns = found["columns"]
    opened = [each for each in columns if each["stage"]["semantic"] == "P"]
    abreast = max(1, min(_MOST_ABREAST, console.width // NARROWEST))
    for row in _evenly(opened, ceil(len(opened) / abreast)):
        console.print(_row(row, console.width))
    for each in columns:
        if each not in opened:
            console.print(Text.assemble(_name(each), "  ", _number(each), "  ", ", ".join(_sums(each))))
    for each in found["former"]:
        console.print(Text.assemble(f"{each['stage_id']}, deleted since", "  ", _number(each)))


def _evenly(columns: Sequence[Mapping[str, Any]], rows: int) -> Iterator[Sequence[Mapping[str, Any]]]:
    """Split stages into so many rows of about the same length."""
    for row in range(rows):
        yield columns[len(columns) * row // rows : len(columns) * (row + 1) // rows]


def _row(columns: Sequence[Mapping[str, Any]], width: int) -> Table:
    """Make the table of some stages, side by side."""
    table = Table(width=width, padding=(0, 1))
    for each in columns:
        table.add_column(_name(each), ratio=1, no_wrap=True, overflow="ellipsis")
    table.add_row(*(Text("\n".join([_number(each), *_sums(each)]), style="dim") for each in columns))
    table.add_section()
    table.add_row(*(Group(*_cards(each)) for each in columns))
    return table


def _name(column: Mapping[str, Any]) -> Text:
    stage = column["stage"]
    return Text.assemble(("● ", stage["color"] or "default"), (stage["name"], "bold"))


def _number(column: Mapping[str, Any]) -> str:
    count = column["count"]
    many = "deal" if count["value"] == 1 and count["is_exact"] else "deals"
    return f"{count['value']:,}{'' if count['is_exact'] else '+'} {many}"


def _sums(column: Mapping[str, Any]) -> list[str]:
    return [_amount(each) for each in column["sums"] or ()]


def _amount(money: Mapping[str, str]) -> str:
    return f"{Decimal(money['value']):,} {money['currency']}"


def _cards(column: Mapping[str, Any]) -> Iterator[Text]:
    """Yield two lines for each card, and how many more there are."""
    cards, number = column["items"], column["count"]["value"]
    for card in cards:
        yield Text(card["title"], no_wrap=True, overflow="ellipsis")
        yield Text(f"{_amount(card['amount'])} {card['responsible_id']}", "dim", no_wrap=True, overflow="ellipsis")
    if column["next"] is not None:
        left = number - len(cards)
        yield Text(f"{left:,} more" if left > 0 else "more", "italic dim")
