"""Sentences about what is wrong with a request."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from difflib import get_close_matches


def meant(word: str, known: Iterable[str]) -> str:
    """Suggest the known word that resembles this one, as the end of a message."""
    near = get_close_matches(word, sorted(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""


def meant_or_all(word: str, known: Collection[str]) -> str:
    """Suggest the known word that resembles this one, or list all of them, as the end of a message."""
    return meant(word, known) or (f"; there are {', '.join(sorted(known))}" if known else "; none is taken here")


def sentence_of(wrong: Sequence[Mapping[str, str]]) -> str:
    """Say what is wrong with the request: the one field, or which fields."""
    if len(wrong) == 1:
        field, message = wrong[0]["field"], wrong[0]["message"].removesuffix(".")
        said = message if message.startswith(f"{field} ") else f"{field}: {message}"
        return said if said.endswith("?") else f"{said}."
    return f"{len(wrong)} fields are wrong, see `errors`: {', '.join(each['field'] for each in wrong)}."
