"""Whatever is sent over a connection, on the server that services use: nothing of it is without a bound."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from itertools import repeat
from typing import Any

import httpx
import pytest
import uvicorn
from starlette.types import Message, Receive, Scope, Send

from deploy.local.ports import free_port
from shared.kit.service.process import server_config
from shared.kit.settings import ServiceSettings
from shared.kit.web.bounded_protocol import BARE_BYTES
from tests.deadlines import DEADLINE_S
from tests.kit.waiting import eventually

KIB = 1024
MIB = 1024 * KIB
BEYOND_ALL_BOUNDS = 32 * MIB
"""More than any message may have, with what the kernel holds of it."""

GET = b"GET /quick HTTP/1.1\r\nHost: crm\r\n\r\n"
CHUNKED = b"POST /read HTTP/1.1\r\nHost: crm\r\nTransfer-Encoding: chunked\r\n\r\n"


class App:
    """Answers `/quick` at once, `/held` when it is released, `/read` with the headers once it has read the body."""

    def __init__(self) -> None:
        self.release = asyncio.Event()
        self.requests = 0
        self.bodies: list[bytes] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.requests += 1
        message: Message = {"type": "http.request", "more_body": scope["path"] == "/read"}
        read = b""
        while message["type"] == "http.request" and message["more_body"]:
            message = await receive()
            read += message.get("body", b"")
        if scope["path"] == "/read":
            self.bodies.append(read)
        if scope["path"] == "/held":
            await self.release.wait()
        body = json.dumps([[name.decode(), value.decode()] for name, value in scope["headers"]]).encode()
        length = [(b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": length})
        await send({"type": "http.response.body", "body": body})


@asynccontextmanager
async def served(app: App, **limits: Any) -> AsyncIterator[int]:
    """Serve the app as services are served; its port."""
    settings = ServiceSettings(port=free_port(), **limits)
    config = server_config(app, settings)
    config.lifespan = "off"
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve())

    async def started() -> bool:
        return server.started

    await eventually(started, "the server serves")
    try:
        yield settings.port
    finally:
        app.release.set()
        server.should_exit = True
        await running


class Caller:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def send(self, *parts: bytes) -> None:
        for part in parts:
            self._writer.write(part)
            await self._writer.drain()

    async def flood(self, begin: bytes, parts: Iterator[bytes]) -> int:
        """Send until the server has had enough; the number of bytes."""
        sent = 0
        with suppress(ConnectionError):
            await self.send(begin)
            while sent < BEYOND_ALL_BOUNDS and not self._reader.at_eof():
                part = next(parts)
                await self.send(part)
                sent += len(part)
        return sent

    async def answer(self) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of the next answer."""
        async with asyncio.timeout(DEADLINE_S):
            first, *lines = (await self._reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in lines)
            return int(first.split()[1]), headers, await self._reader.readexactly(int(headers["content-length"]))

    async def problem(self) -> tuple[int, str]:
        """Status and code of the next answer, a problem behind which the connection ends."""
        status, headers, body = await self.answer()
        assert headers["content-type"] == "application/problem+json"
        assert headers["connection"] == "close"
        problem = json.loads(body)
        assert problem["status"] == status
        await self.ends()
        return status, problem["code"]

    async def ends(self) -> None:
        """Nothing more comes."""
        assert await asyncio.wait_for(self._reader.read(), DEADLINE_S) == b""

    def close(self) -> None:
        self._writer.close()


@asynccontextmanager
async def calling(port: int) -> AsyncIterator[Caller]:
    caller = Caller(*await asyncio.open_connection("127.0.0.1", port, limit=MIB))
    try:
        yield caller
    finally:
        caller.close()


FIELDS = repeat(b"X-Another: " + b"x" * KIB + b"\r\n")
NOISE = {
    "headers": (b"GET / HTTP/1.1\r\n", FIELDS),
    "a header": (b"GET / HTTP/1.1\r\nX-Endless: ", repeat(b"x" * 16 * KIB)),
    "an address": (b"GET /", repeat(b"x" * 16 * KIB)),
    "trailers": (CHUNKED + b"0\r\n", FIELDS),
    "a trailer": (CHUNKED + b"0\r\nX-Endless: ", repeat(b"x" * 16 * KIB)),
    "trailers of a request without a token": (CHUNKED.replace(b"/read", b"/quick") + b"0\r\n", FIELDS),
    "the extension of a chunk": (CHUNKED + b"1;x=", repeat(b"x" * 16 * KIB)),
    "nothing but line ends": (b"", repeat(b"\r\n" * KIB)),
}


@pytest.mark.parametrize("what", NOISE)
async def test_what_never_ends_is_cut_off(what: str) -> None:
    """Without a token, and however little of it is a request."""
    begin, parts = NOISE[what]
    async with served(App()) as port, calling(port) as caller:
        assert await caller.flood(begin, parts) < BEYOND_ALL_BOUNDS


async def test_too_many_trailers_are_refused_with_the_reason() -> None:
    async with served(App()) as port, calling(port) as caller:
        await caller.send(CHUNKED, b"1\r\nx\r\n0\r\n", b"X-Endless: " + b"x" * 2 * BARE_BYTES)
        assert await caller.problem() == (431, "headers_too_large")


async def test_a_body_that_is_mostly_framing_is_cut_off() -> None:
    """Each chunk of one byte has an extension of a thousand."""
    async with served(App(), max_body_bytes=16 * KIB) as port, calling(port) as caller:
        await caller.send(CHUNKED, (b"1;" + b"x" * KIB + b"\r\nx\r\n") * 256)
        assert await caller.problem() == (413, "body_too_large")


async def test_what_follows_an_early_answer_is_cut_off() -> None:
    """A refused body need not be read to its end."""
    async with served(App()) as port, calling(port) as caller:
        begin = CHUNKED.replace(b"/read", b"/quick")
        assert await caller.flood(begin, repeat(b"4000\r\n" + b"x" * 16 * KIB + b"\r\n")) < BEYOND_ALL_BOUNDS


async def test_a_body_in_the_smallest_chunks_is_read() -> None:
    async with served(App(), max_body_bytes=16 * KIB) as port, calling(port) as caller:
        await caller.send(CHUNKED, b"1\r\nx\r\n" * 16 * KIB, b"0\r\n\r\n")
        assert (await caller.answer())[0] == 200


async def test_a_trailer_is_no_header() -> None:
    """Who checked the headers has not seen it."""
    async with served(App()) as port, calling(port) as caller:
        await caller.send(CHUNKED, b"1\r\nx\r\n0\r\nAuthorization: Bearer stolen\r\n\r\n")
        _, _, body = await caller.answer()
        assert [name for name, _ in json.loads(body)] == ["host", "transfer-encoding"]


async def test_pipelined_requests_are_all_answered_however_many() -> None:
    """More than what one request may have, and cut anywhere."""
    number = 12 * BARE_BYTES // len(GET)
    app = App()
    async with served(app) as port, calling(port) as caller:
        sending = asyncio.create_task(caller.send(GET * number + GET[:20]))
        for _ in range(number):
            assert (await caller.answer())[0] == 200
        await sending
        await caller.send(GET[20:])
        assert (await caller.answer())[0] == 200
    assert app.requests == number + 1


async def test_requests_behind_one_that_is_answered_do_not_pile_up() -> None:
    app = App()
    async with served(app) as port, calling(port) as caller:
        sending = asyncio.create_task(caller.flood(GET.replace(b"/quick", b"/held"), repeat(GET * 1000)))

        async def is_held() -> bool:
            return app.requests == 1

        await eventually(is_held, "the first request is answered")
        done, _ = await asyncio.wait({sending}, timeout=1.0)  # it would be through long before
        assert not done
        sending.cancel()


async def test_garbage_behind_a_request_does_not_touch_its_answer() -> None:
    app = App()
    async with served(app) as port, calling(port) as caller:
        await caller.send(GET.replace(b"/quick", b"/held"), b"garbage\r\n\r\n")
        app.release.set()
        status, _, body = await caller.answer()
        assert (status, json.loads(body)) == (200, [["host", "crm"]])
        await caller.ends()


async def test_what_is_no_http_is_refused_with_a_problem() -> None:
    async with served(App()) as port, calling(port) as caller:
        await caller.send(b"garbage\r\n\r\n")
        assert await caller.problem() == (400, "malformed_request")


@pytest.mark.parametrize(
    "begin", [b"", b"GET / HT", b"POST /read HTTP/1.1\r\nHost: crm\r\nContent-Length: 9\r\n\r\n", CHUNKED + b"0\r\nA: "]
)
async def test_a_request_that_does_not_come_to_an_end_is_given_up(begin: bytes) -> None:
    """Whatever part of it is missing."""
    async with served(App(), max_receive_s=0.2) as port, calling(port) as caller:
        await caller.send(begin)
        assert await caller.problem() == (408, "request_too_slow")


async def test_an_answer_that_takes_longer_than_a_request_may_is_given() -> None:
    app = App()
    async with served(app, max_receive_s=0.05) as port, calling(port) as caller:
        await caller.send(GET.replace(b"/quick", b"/held"), GET)
        asyncio.get_running_loop().call_later(0.5, app.release.set)
        assert [(await caller.answer())[0] for _ in range(2)] == [200, 200]


async def test_connections_have_a_limit_and_the_next_one_is_told() -> None:
    async with served(App(), max_connections=2) as port:
        async with calling(port) as first, calling(port) as second:
            for caller in (first, second):
                await caller.send(GET)
                assert (await caller.answer())[0] == 200
            async with calling(port) as third:
                assert await third.problem() == (503, "too_many_connections")

        async def is_served_again() -> bool:
            async with calling(port) as caller, httpx.AsyncClient() as client:
                caller.close()
                return (await client.get(f"http://127.0.0.1:{port}/quick")).status_code == 200

        await eventually(is_served_again, "a place is free again")


async def test_no_connection_becomes_a_web_socket() -> None:
    """Its frames would pass beneath every limit."""
    upgrade = b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    async with served(App()) as port, calling(port) as caller:
        await caller.send(GET[:-2] + upgrade + b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
        assert (await caller.answer())[0] == 200


@pytest.mark.parametrize("cut", [None, 40, -3])
async def test_a_request_to_upgrade_keeps_its_body_and_those_behind_it(cut: int | None) -> None:
    """Clients that speak HTTP/2 offer it with any request, and go on as before where it is not taken up."""
    upgrade = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"
    head = b"POST /read HTTP/1.1\r\nHost: crm\r\n" + upgrade
    one = head + b"Content-Length: 5\r\n\r\nhello" + head + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
    app = App()
    async with served(app) as port, calling(port) as caller:
        await caller.send(one[:cut])
        if cut is not None:
            await asyncio.sleep(0)
            await caller.send(one[cut:])
        await caller.send((GET[:-2] + upgrade + b"\r\n") * 300 + GET)
        for _ in range(303):
            assert (await caller.answer())[0] == 200
    assert app.bodies == [b"hello", b"hello"]


async def test_no_connection_becomes_a_tunnel() -> None:
    async with served(App()) as port, calling(port) as caller:
        await caller.send(b"CONNECT crm:80 HTTP/1.1\r\nHost: crm\r\n\r\n" + GET)
        assert await caller.problem() == (400, "malformed_request")
