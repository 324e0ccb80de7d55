"""In what order sides are measured, so that variation of the machine affects all of them alike."""

from collections.abc import Sequence


def turns(sides: Sequence[str], rounds: int) -> list[str]:
    """Return the sides, forth and back: A B, B A, A B, ...

    Neighbours of a pair follow one another at once, a machine that slows down all the time favours no side, and the
    side that ended a round begins the next one, so that a stack is paused as seldom as can be.
    """
    order: list[str] = []
    for number in range(rounds):
        order.extend(reversed(sides) if number % 2 else sides)
    return order
