"""Bound what one connection may send beneath the application: bytes, time, and requests that wait behind another.

The application sees a request only when its headers have ended, and never its framing: chunk extensions, trailers, and
what follows an early answer. So every received byte is counted here. Received data is parsed in slices, and only while
the application keeps up; the rest stays in the kernel's buffers, and slows down its sender.
"""

import json
from asyncio import BaseTransport, TimerHandle
from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import Any, Final

from httptools import HttpParserUpgrade, HttpRequestParser
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

SLICE_BYTES: Final = 8 * 1024
"""Data is counted with this accuracy, and so many bytes of requests may wait in memory behind one that is answered."""

BARE_BYTES: Final = 64 * 1024
"""Without a byte of a body: headers, trailers, the extensions of a chunk, line ends between requests."""

FRAMING_FACTOR: Final = 8
"""A chunk of one byte takes six; so many times the largest body may the rest of a message have."""

LINGER_S: Final = 2.0
LINGER_BYTES: Final = 1024 * 1024
"""For a client that still sends, to read why it is refused."""


class _Flow(FlowControl):
    """Resumes reading only through the protocol, which may hold data that is not parsed yet."""

    def __init__(self, transport: Any, protocol: "BoundedProtocol") -> None:
        super().__init__(transport)
        self._protocol = protocol

    def resume_reading(self) -> None:
        if self.read_paused and self._protocol.may_go_on():
            super().resume_reading()

    def read_to_the_end(self) -> None:
        """Read what is dropped anyway: unread data would reset the connection, and the client lose the answer."""
        super().resume_reading()


class _Parser(HttpRequestParser):
    """Hands to its protocol what follows the headers of a request to change the protocol, which it does not parse."""

    def __init__(self, protocol: "BoundedProtocol") -> None:
        super().__init__(protocol)
        self._protocol = protocol

    def feed_data(self, data: Any) -> None:
        try:
            super().feed_data(data)
        except HttpParserUpgrade as upgrade:
            if not self._protocol.ignores_upgrade:
                raise
            self._protocol.parse_without_upgrade(data[upgrade.args[0] :])


class BoundedProtocol(HttpToolsProtocol):
    """HTTP/1.1 with a bound for everything that a client may send."""

    max_body_bytes: int = 1024 * 1024
    max_connections: int = 800
    receive_s: float = 60.0

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._use_parser()
        self._held = b""
        self._bare = self._wire = self._dropped = self._unanswered = 0
        self._is_within = self._has_headers = self._is_refused = False
        self._deadline: TimerHandle | None = None

    def connection_made(self, transport: BaseTransport) -> None:
        """Start the deadline of the first request; refuse one connection too many."""
        super().connection_made(transport)  # type: ignore[arg-type]
        self.flow = self._flow = _Flow(transport, self)
        if len(self.connections) > self.max_connections:
            self._refuse(503, "too_many_connections", f"at most {self.max_connections} connections are served")
        else:
            self._start_deadline()

    def connection_lost(self, exc: Exception | None) -> None:
        """Drop what was not parsed."""
        self._end_deadline()
        self._held, self._is_refused = b"", True
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse the data as far as the application keeps up, and refuse what exceeds a bound."""
        if self._is_refused:
            self._dropped += len(data)
            if self._dropped > LINGER_BYTES:
                self.transport.close()
            return
        self._held += data
        self._parse()

    def _parse(self) -> None:
        while self._held and not (self.flow.read_paused or self._is_refused or self.transport.is_closing()):
            part, self._held = self._held[:SLICE_BYTES], self._held[SLICE_BYTES:]
            self._bare += len(part)
            self._wire += len(part)
            super().data_received(part)
            self._check_size()
        if self._held:
            self.flow.pause_reading()
        if self._deadline is None and not self._is_refused and (self._is_within or self._bare):
            self._start_deadline()

    def may_go_on(self) -> bool:
        """Return whether to read more; data that is held is parsed first, outside of the caller's work."""
        if self.pipeline or self._is_refused:
            return False
        if self._held:
            self.loop.call_soon(self._parse_held)
        return True

    def _parse_held(self) -> None:
        if not self.pipeline:
            self._parse()

    def _check_size(self) -> None:
        if self._bare > BARE_BYTES:
            self._refuse(431, "headers_too_large", f"headers and trailers may have {BARE_BYTES} bytes")
        elif self._wire > BARE_BYTES + (1 + FRAMING_FACTOR) * self.max_body_bytes:
            self._refuse(413, "body_too_large", f"at most {self.max_body_bytes} bytes are allowed")

    def _use_parser(self) -> None:
        self.parser = _Parser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn does

    @property
    def ignores_upgrade(self) -> bool:
        """Whether the present request asks for another protocol, and is answered in this one."""
        return bool(self.parser.should_upgrade()) and self.parser.get_method() != b"CONNECT"

    def parse_without_upgrade(self, rest: bytes) -> None:
        """Parse the headers again without `Upgrade`, which no server has to follow, and keep the rest to be parsed."""
        headers = [name + b": " + value for name, value in self.headers if name != b"upgrade"]
        first = b"%s %s HTTP/%s" % (self.parser.get_method(), self.url, self.parser.get_http_version().encode())
        self._use_parser()
        self._held = rest + self._held
        self.parser.feed_data(b"\r\n".join((first, *headers, b"", b"")))

    def on_message_begin(self) -> None:
        """Start to count."""
        self._is_within, self._has_headers, self._bare, self._wire = True, False, 0, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Take no more headers: trailers belong to no request."""
        if self.ignores_upgrade:
            return
        super().on_headers_complete()
        self._has_headers, self._bare, self.headers = True, 0, []
        self._unanswered += 1

    def on_body(self, body: bytes) -> None:
        """Count from here anew what is no body."""
        self._bare = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End the deadline: the request is whole."""
        if self.ignores_upgrade:
            return
        self._is_within, self._bare, self._wire = False, 0, 0
        self._end_deadline()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Go on with the next request, or close the connection behind the last one before a refusal."""
        self._unanswered -= 1
        super().on_response_complete()
        if self._is_refused and not self._unanswered:
            self._close()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP."""
        self._refuse(400, "malformed_request", msg)

    def _start_deadline(self) -> None:
        self._deadline = self.loop.call_later(self.receive_s, self._end_slow)

    def _end_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _end_slow(self) -> None:
        self._deadline = None
        if self.flow.read_paused:  # it is we who are slow
            self._start_deadline()
        else:
            self._refuse(408, "request_too_slow", f"a request must be here within {self.receive_s:g} s")

    def _refuse(self, status: int, code: str, detail: str) -> None:
        """Read nothing more, and close the connection with this answer, or behind the answers to earlier requests."""
        if self._is_refused:
            return
        self._is_refused, self._held = True, b""
        self._end_deadline()
        is_answered = False
        if self._is_within and self._has_headers:  # the request itself is known to the application
            is_answered = self.cycle.response_started
            if self.pipeline and self.pipeline[0][0] is self.cycle:
                self.pipeline.popleft()
                self._unanswered -= 1
            elif not self.cycle.response_complete:
                self._unanswered, self.cycle.disconnected = 0, True
                self.cycle.message_event.set()
        if self._unanswered:
            self.flow.pause_reading()
            return
        if not is_answered:
            self.transport.write(_answer(status, code, detail))
        self._close()

    def _close(self) -> None:
        if self.transport.is_closing():
            return
        with suppress(OSError):  # the client is gone
            self.transport.write_eof()
        self._flow.read_to_the_end()
        self.loop.call_later(LINGER_S, self.transport.close)


def _answer(status: int, code: str, detail: str) -> bytes:
    title = HTTPStatus(status).phrase
    problem: Mapping[str, Any] = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "code": code,
        "detail": detail,
    }
    body = json.dumps(problem).encode()
    lines = (
        f"HTTP/1.1 {status} {title}",
        "content-type: application/problem+json",
        f"content-length: {len(body)}",
        "connection: close",
    )
    return "\r\n".join((*lines, "", "")).encode() + body


def bounded_protocol(*, max_body_bytes: int, max_connections: int, receive_s: float) -> type[BoundedProtocol]:
    """Return the protocol with these bounds."""
    bounds = {"max_body_bytes": max_body_bytes, "max_connections": max_connections, "receive_s": receive_s}
    return type("Protocol", (BoundedProtocol,), bounds)
