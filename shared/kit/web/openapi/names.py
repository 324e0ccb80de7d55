"""Name operations after their method and path, and sum them up by the first words of their text.

One method has one verb everywhere, so that who knows `createLead` guesses `createDeal`.
"""

import re
from typing import Final, NamedTuple

from fastapi.routing import APIRoute

_REQUIREMENTS: Final = re.compile(r"\s*\([A-Z]{2,4}-\d+[^()]*\)")
_CLAUSE: Final = re.compile(r"[.;:](?=\s|$)")


class _Step(NamedTuple):
    """A word of the path; `is_one` where an id follows, or several, that name one of them."""

    word: str
    is_one: bool


def operation_id(route: APIRoute) -> str:
    """Derive the id of an operation: `updateDeal`, `setDealRows`, `mergeContact`."""
    method = min(route.methods or ())
    *parents, last = _steps(route.path)
    owner = "".join(_camel(_singular(step.word) if step.is_one else step.word) for step in parents)
    thing = _camel(_singular(last.word))
    if last.is_one and last.word == "external":
        return f"upsert{_one(owner)}" if method == "PUT" else f"get{_one(owner)}ByOrigin"
    if last.is_one and last.word.startswith("by-"):
        return f"get{_one(owner)}{_camel(last.word)}"
    if last.is_one:
        verbs = {"GET": "get", "PATCH": "update", "PUT": "set", "DELETE": "remove" if parents else "delete"}
        return f"{verbs.get(method, method.lower())}{owner}{thing}"
    if last.word != _singular(last.word):
        several, one = f"{owner}{_camel(last.word)}", f"{owner}{thing}"
        return {
            "GET": f"list{several}",
            "PUT": f"set{several}",
            "POST": f"{'add' if any(step.is_one for step in parents) else 'create'}{one}",
        }.get(method, f"{method.lower()}{several}")
    acts = method == "POST" or (method == "GET" and parents and not parents[-1].is_one)
    if acts:
        return f"{_camel(last.word, start=0)}{owner}"
    return f"{'set' if method == 'PUT' else 'get'}{owner}{thing}"


def summary_of(text: str) -> str:
    """Sum up an operation by the first clause of its text."""
    return _CLAUSE.split(plain(text).strip(), maxsplit=1)[0].replace("\n", " ")


def plain(text: str) -> str:
    """Leave out ids of requirements, which readers outside of the project do not know."""
    return _REQUIREMENTS.sub("", text)


def _steps(path: str) -> list[_Step]:
    parts = [part for part in path.strip("/").split("/") if part != "v1"]
    followed = [*parts[1:], ""]
    return [
        _Step(part, following.startswith("{"))
        for part, following in zip(parts, followed, strict=True)
        if not part.startswith("{")
    ]


def _camel(word: str, *, start: int = 1) -> str:
    words = re.split(r"[-_.]", word)
    return "".join(each.capitalize() if place >= 1 - start else each for place, each in enumerate(words))


def _one(plural: str) -> str:
    return _singular(plural)


def _singular(word: str) -> str:
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    return word.removesuffix("s") if not word.endswith(("ss", "us")) else word
