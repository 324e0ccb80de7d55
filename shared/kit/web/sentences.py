"""Suggest in sentences about a request what was meant."""

from collections.abc import Collection, Iterable
from difflib import get_close_matches


def meant(word: str, known: Iterable[str]) -> str:
    """Suggest the known word that resembles this one, as the end of a message."""
    near = get_close_matches(word, sorted(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""


def meant_or_all(word: str, known: Collection[str]) -> str:
    """Suggest the known word that resembles this one, or list all of them, as the end of a message."""
    return meant(word, known) or (f"; there are {', '.join(sorted(known))}" if known else "; none is taken here")
