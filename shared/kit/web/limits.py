"""Limit the size of requests: body, headers, address.

Headers that never end are no request yet for the application, so `BoundedHeaders` counts them in the protocol.
"""

from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

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


class BoundedHeaders(HttpToolsProtocol):
    """Closes a connection whose headers do not end."""

    max_header_bytes = 64 * 1024
    _unended: int | None = 0

    def on_message_begin(self) -> None:
        """Start to count the headers of a request."""
        self._unended = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Stop to count: the body follows, which the application counts."""
        self._unended = None
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        """Count received bytes, and close the connection beyond the limit."""
        super().data_received(data)
        if self._unended is not None:
            self._unended += len(data)
            if self._unended > self.max_header_bytes:
                transport: Any = self.transport
                transport.write(b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\n\r\n")
                transport.close()
