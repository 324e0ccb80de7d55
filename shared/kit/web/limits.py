"""Limit the size of requests: body, headers, address.

What is no request yet for the application, or no part of one, `BoundedProtocol` limits beneath it.
"""

from typing import Final

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_TOO_LARGE: Final = 413
_ADDRESS_TOO_LONG: Final = 414
_HEADERS_TOO_LARGE: Final = 431


class TooLarge(HTTPException):
    """A part of the request is larger than allowed; `code` names the part."""

    def __init__(self, status: int, code: str, limit: int) -> None:
        super().__init__(status, f"at most {limit} bytes are allowed")
        self.code = code


class Limits:
    """Middleware that rejects a request as soon as one of its parts is known to be too large."""

    def __init__(self, app: ASGIApp, *, max_body_bytes: int, max_header_bytes: int) -> None:
        self._app = app
        self._max_body = max_body_bytes
        self._max_header = max_header_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request as an ASGI application."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if len(scope["raw_path"]) + len(scope["query_string"]) > self._max_header:
            raise TooLarge(_ADDRESS_TOO_LONG, "address_too_long", self._max_header)
        if sum(len(name) + len(value) for name, value in scope["headers"]) > self._max_header:
            raise TooLarge(_HEADERS_TOO_LARGE, "headers_too_large", self._max_header)
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > self._max_body:
            raise TooLarge(_TOO_LARGE, "body_too_large", self._max_body)
        read = 0

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > self._max_body:
                raise TooLarge(_TOO_LARGE, "body_too_large", self._max_body)
            return message

        await self._app(scope, counted, send)
