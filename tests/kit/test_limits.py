"""What is too large is refused, whatever part of the request it is."""

from collections.abc import AsyncIterator

import pytest

from tests.kit.test_http import Shop, assert_problem, shop

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
