"""Read what is submitted: JSON, or as browsers send a form."""

import json
from collections.abc import Iterable, Iterator
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any, Final
from urllib.parse import parse_qsl

from fastapi import Request
from starlette.exceptions import HTTPException

from services.leads.form.domain.submission import Given
from shared.kit.domain import invalid_field
from shared.kit.web.limits import TooLarge

MAX_BYTES: Final = 16 * 1024
MAX_FIELDS: Final = 200
JSON: Final = "application/json"
ENCODED: Final = "application/x-www-form-urlencoded"
MULTIPART: Final = "multipart/form-data"
_TOO_LARGE: Final = 413


class WrongFormContent(HTTPException):
    """The body is neither JSON nor a form."""

    code = "wrong_content_type"

    def __init__(self) -> None:
        super().__init__(415, f"A form is sent as {ENCODED}, {MULTIPART} or {JSON}.")


def kind_of(request: Request) -> str:
    """Return how a submission was sent."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def read_content(request: Request, *, besides: Iterable[tuple[str, str]]) -> Given:
    """Read the fields of a submission, and those that its address has `besides`, without blank ones.

    Raises:
        TooLarge: it has more than 16 KiB, or more than 200 fields.
        WrongFormContent: it is of another type.
        Invalid: it is not what it is said to be.
    """
    body = await request.body()
    if len(body) > MAX_BYTES:
        raise TooLarge(_TOO_LARGE, "body_too_large", MAX_BYTES)
    kind = kind_of(request)
    if kind == JSON:
        pairs = list(_json_pairs(body))
    elif kind == ENCODED:
        pairs = _encoded_pairs(body)
    elif kind == MULTIPART:
        pairs = _parts(request.headers["content-type"], body)
    else:
        raise WrongFormContent
    given: dict[str, list[str]] = {}
    for name, value in (*pairs, *besides):
        if text := _plain(value).strip():
            given.setdefault(_plain(name)[:100], []).append(text)
    if sum(map(len, given.values())) > MAX_FIELDS:
        raise invalid_field("body", "too_many", f"at most {MAX_FIELDS} fields are taken")
    return given


class _Object(dict[str, Any]):
    """An object of JSON that knows of a name what every one of its values is, where it has it twice."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.pairs = pairs


def _encoded_pairs(body: bytes) -> list[tuple[str, str]]:
    """Read UTF-8, or what old pages send."""
    text = _text(body)
    try:
        return parse_qsl(text, keep_blank_values=True, errors="strict")
    except UnicodeDecodeError:
        return parse_qsl(text, keep_blank_values=True, encoding="cp1252", errors="replace")


def _json_pairs(body: bytes) -> Iterator[tuple[str, str]]:
    try:
        content = json.loads(body, object_pairs_hook=_Object)
    except (ValueError, RecursionError):
        raise invalid_field("body", "not_json", "an object of JSON in UTF-8 is expected") from None
    if not isinstance(content, _Object):
        raise invalid_field("body", "not_an_object", "an object of JSON is expected")
    for name, value in content.pairs:
        for each in value if isinstance(value, list) else [value]:
            if each is not None:
                yield name, each if isinstance(each, str) else json.dumps(each, ensure_ascii=False)


def _parts(content_type: str, body: bytes) -> list[tuple[str, str]]:
    """Read the parts of a form, whatever their headers do to the parser: it fails at `name*` without a value."""
    try:
        return list(_multipart_pairs(content_type, body))
    except (AttributeError, LookupError, TypeError, ValueError):
        raise invalid_field("body", "not_multipart", "the headers of a part cannot be read") from None


def _multipart_pairs(content_type: str, body: bytes) -> Iterator[tuple[str, str]]:
    header = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1", errors="replace")
    message = BytesParser(EmailMessage, policy=HTTP).parsebytes(header + body)
    parts = list(message.iter_parts()) if message.is_multipart() else []
    if not parts:
        raise invalid_field("body", "not_multipart", "the parts of a form are expected")
    for part in parts:
        name = part.get_param("name", header="content-disposition")
        content: Any = part.get_payload(decode=True)
        if not isinstance(name, str) or not isinstance(content, bytes):
            raise invalid_field("body", "not_multipart", "each part needs a name, and a value")
        file = part.get_filename()
        if file:
            # A file has no place in a lead; that there was one is not to be lost.
            yield name, f"file {file}, {len(content)} bytes, not kept"
        elif file is None:
            yield name, _text(content)


def _text(content: bytes) -> str:
    """Read UTF-8, or what old pages send."""
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _plain(text: str) -> str:
    """Take away what no text of a lead may have: control characters and halves of characters."""
    whole = text.replace("\r\n", "\n").encode(errors="replace").decode()
    return "".join(char for char in whole if char.isprintable() or char in "\n\t")
