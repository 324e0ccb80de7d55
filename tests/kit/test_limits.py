"""What is too large is refused, whatever part of the request it is."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import uvicorn

from deploy.local.ports import free_port
from shared.kit.web.limits import BoundedHeaders
from tests.deadlines import DEADLINE_S
from tests.kit.test_http import Shop, assert_problem, shop
from tests.kit.waiting import eventually

__all__ = ["shop"]

MIB = 1024 * 1024


async def test_a_large_body_is_refused_before_it_is_read(shop: Shop) -> None:
    assert_problem(await shop.ask("POST", "/v1/jars", {"amount": 1, "text": "x" * MIB}), 413, "body_too_large")
    # Just below it is read, and judged by its content.
    almost = await shop.ask("POST", "/v1/jars", {"amount": 1, "text": "x" * (MIB - 100)})
    assert_problem(almost, 422, "invalid_fields")


async def test_a_body_that_does_not_tell_its_size_is_counted(shop: Shop) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b'{"amount": 1, "text": "'
        for _ in range(20):
            yield b"x" * (MIB // 10)
        yield b'"}'

    headers = {"authorization": f"Bearer {shop.signer.token()}", "content-type": "application/json"}
    assert_problem(await shop.client.post("/v1/jars", content=chunks(), headers=headers), 413, "body_too_large")


async def test_headers_and_addresses_have_limits(shop: Shop) -> None:
    assert_problem(await shop.ask("GET", "/v1/jars", x_long="x" * 20_000), 431, "headers_too_large")
    assert_problem(await shop.ask("GET", f"/v1/jars?cursor={'x' * 20_000}"), 414, "address_too_long")


@pytest.mark.parametrize("bomb", ["[" * (MIB - 10), '{"a":' * 200_000, '{"amount": 1' + "0" * 500_000 + "}"])
async def test_a_body_made_to_break_its_reader_is_the_callers_mistake(shop: Shop, bomb: str) -> None:
    headers = {"authorization": f"Bearer {shop.signer.token()}", "content-type": "application/json"}
    answer = await shop.client.post("/v1/jars", content=bomb, headers=headers)
    assert answer.status_code in {400, 422}, answer.text[:200]
    assert answer.headers["content-type"] == "application/problem+json"
    assert len(answer.text) < 2_000


@asynccontextmanager
async def served() -> AsyncIterator[int]:
    """An application behind the server that services use; its port."""

    async def app(scope: object, receive: object, send: object) -> None:
        raise AssertionError("no request ever came to an end")

    port = free_port()
    config = uvicorn.Config(app, host="127.0.0.1", port=port, http=BoundedHeaders, lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve())

    async def started() -> bool:
        return server.started

    await eventually(started, "the server serves")
    try:
        yield port
    finally:
        server.should_exit = True
        await running


async def test_headers_without_an_end_are_cut_off() -> None:
    async with served() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nX-Endless: " + b"x" * BoundedHeaders.max_header_bytes)
        await writer.drain()
        assert (await asyncio.wait_for(reader.read(), DEADLINE_S)).startswith(b"HTTP/1.1 431 ")
        writer.close()
