"""Say why a dead-lettered record cannot be read: every place of it that its event's schema does not allow.

Note:
    The contracts are imported only when a record is shown: they take a quarter of a second, which no other command
    should cost.
"""

import json
from base64 import b64decode
from collections.abc import Mapping
from typing import Any, Final

from pydantic import ValidationError

_SHOWN: Final = 20
_CELL: Final = 60


def unreadable(record: Mapping[str, Any] | None) -> list[str]:
    """Return a sentence for each place, such as `amount: Field required`; empty if the record is readable."""
    if record is None:
        return []
    from crm_contracts.registry import parse  # noqa: PLC0415 - see above

    headers = [(header["name"], _bytes(header["value"])) for header in record["headers"]]
    try:
        parse(headers, _bytes(record["value"]))
    except ValueError as error:
        cause = error.__cause__
        if isinstance(cause, ValidationError):
            return [_sentence(problem) for problem in cause.errors(include_url=False)[:_SHOWN]]
        return [str(error)]
    return []


def _bytes(content: Mapping[str, str] | None) -> bytes | None:
    if content is None:
        return None
    return content["text"].encode() if content["encoding"] == "utf-8" else b64decode(content["text"])


def _sentence(problem: Mapping[str, Any]) -> str:
    place = ".".join(map(str, problem["loc"])) or "the whole value"
    if problem["type"] in {"missing", "json_invalid"}:
        return f"{place}: {problem['msg']}"
    return f"{place}: {problem['msg']}, and it is {json.dumps(problem['input'], default=str)[:_CELL]}"
