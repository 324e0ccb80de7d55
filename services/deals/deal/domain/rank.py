"""The place of a card among those of its stage: a text of digits; the smallest stands on top (DEAL-04). Pure.

A card that comes to a stage has the place of that moment, the later the smaller, so it stands on top without a look at
the others. Between two others there is always one more, as between two fractions: only the card that is moved changes.
"""

from datetime import datetime
from typing import Final

from shared.kit.domain import Conflict

DIGITS: Final = 14
"""Of the place of a moment; what follows them is a fraction."""
TOP: Final = 10**DIGITS - 1
LONGEST: Final = 200


class NoRoom(Conflict):
    """So many cards were put into this very gap that there is no room left."""

    code = "no_room"
    advice = "Put one of the two cards elsewhere in its stage, such as to its top, and send the request again."


def at_moment(at: datetime) -> str:
    """Return the place of a card that came at a moment."""
    return f"{TOP - int(at.timestamp() * 1000):0{DIGITS}d}"


def above(rank: str) -> str:
    """Return a place above the first card, and below those that come later."""
    return f"{max(0, int(rank[:DIGITS]) - 1):0{DIGITS}d}"


def below(rank: str) -> str:
    """Return a place below the last card."""
    return f"{min(TOP, int(rank[:DIGITS]) + 1):0{DIGITS}d}"


def between(upper: str, lower: str) -> str:
    """Return a place between two others.

    Raises:
        NoRoom: it would have more than 200 digits.
    """
    length = max(len(upper), len(lower)) + 1
    first, last = int(upper.ljust(length, "0")), int(lower.ljust(length, "0"))
    middle = f"{(first + last) // 2:0{length}d}"
    found = middle[:DIGITS] + middle[DIGITS:].rstrip("0")
    if len(found) > LONGEST:
        raise NoRoom("There is no room left between these two cards.")
    return found
