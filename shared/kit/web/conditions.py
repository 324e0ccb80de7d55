"""Headers that change what a request means: `If-Match`, `Idempotency-Key`, `Prefer`.

Each is a parameter of the routes that act on it, and so in their OpenAPI; every other route refuses it.
"""

import re
from collections.abc import Iterator
from typing import Annotated, Final

from fastapi import Depends, Header, Request
from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from shared.kit.storage.repository import ANY_VERSION
from shared.kit.web.idempotency import MAX_KEY
from shared.kit.web.waiting import Wait

MAX_WAIT_S: Final = 60

_IF_MATCH: Final = r'^(\*|[0-9]{1,18}|(W/)?"[0-9]{1,18}(\.[0-9a-f]{8})?")$'
_KEY: Final = (
    "a repeat is the same request; one that was refused, of a batch every item, frees its key for another body"
)
_WAIT: Final = re.compile(r'wait\s*=\s*("?)([0-9]{1,9})\1', re.IGNORECASE)


async def _version(
    if_match: Annotated[
        str | None,
        Header(pattern=_IF_MATCH, description="version seen, as in ETag; `*` for any", examples=['"3"']),
    ] = None,
) -> int | None:
    if if_match is None:
        return None
    return ANY_VERSION if if_match == "*" else int(if_match.removeprefix("W/").strip('"').partition(".")[0])


IfMatch = Annotated[int | None, Depends(_version)]
"""Version of the caller's copy; None where the request is not conditional."""


def _preferences(prefer: str) -> Iterator[str]:
    """Yield the preferences, without `respond-async`, which is what a wait that ends is answered with."""
    for preference in re.split(r"[,;]", prefer):
        if (stripped := preference.strip()) and stripped.lower() != "respond-async":
            yield stripped


def _checked(prefer: str) -> str:
    preferences = list(_preferences(prefer))
    for preference in preferences:
        if not _WAIT.fullmatch(preference):
            raise PydanticCustomError("unknown_preference", "`wait=N` is what can be preferred, N whole seconds")
    if len(preferences) > 1:
        raise PydanticCustomError("repeated_preference", "one `wait=N` is expected")
    return prefer


async def _wait(
    request: Request,
    prefer: Annotated[
        str | None,
        AfterValidator(lambda text: text and _checked(text)),
        Header(description="`wait=N`: seconds to wait", json_schema_extra={"format": "preferences"}),
    ] = None,
) -> Wait:
    found = next((_WAIT.fullmatch(preference) for preference in _preferences(prefer or "")), None)
    wait = Wait(None if found is None else min(int(found[2]), MAX_WAIT_S))
    request.state.wait = wait  # the answer says whether it was granted
    return wait


Waiting = Annotated[Wait, Depends(_wait)]
"""How long the caller is willing to wait for a process."""


async def _key(
    idempotency_key: Annotated[str | None, Header(min_length=1, max_length=MAX_KEY, description=_KEY)] = None,
) -> None:
    del idempotency_key  # the route reads it before the body is parsed


IDEMPOTENCY_KEY: Final = Depends(_key)
"""The dependency of every POST."""
