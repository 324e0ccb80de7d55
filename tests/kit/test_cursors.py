"""Cursors are sealed: their caller learns nothing from one, and can make none (ADR 0062)."""

import asyncio
from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest

from deploy.local.mongo import Mongo
from shared.kit.domain import Invalid
from shared.kit.storage.connection import Database, connect
from shared.kit.storage.cursors import KEYS, SIZE, moment_and_id
from tests.kit.jars import NOON

ID = "0199f2a4-0000-7000-8000-000000000001"


def bytes_of(cursor: str) -> bytes:
    return urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))


async def test_a_cursor_is_read_by_the_list_that_gave_it_alone(database: Database) -> None:
    jars, lids = database.collection("jars"), database.collection("lids")
    cursor = await jars.cursors.give(NOON, ID)
    assert await database.collection("jars").cursors.place(cursor, moment_and_id) == (NOON, ID)
    with pytest.raises(Invalid) as error:
        await lids.cursors.place(cursor, moment_and_id)
    assert error.value.details["errors"][0]["field"] == "cursor"


async def test_a_list_that_changes_its_collection_goes_on(database: Database) -> None:
    first, second = (database.collection(name).cursors.named("jars") for name in ("jars", "jars_2"))
    assert await second.place(await first.give(NOON, ID), moment_and_id) == (NOON, ID)


async def test_neither_contents_nor_length_of_a_cursor_say_anything(database: Database) -> None:
    """Equal places have equal cursors, so that a page that did not change is the same, byte for byte."""
    cursors = database.collection("jars").cursors
    given = [await cursors.give(title, ID, size=2 * SIZE) for title in ("", "plum", "plum" * 40)]
    assert {len(bytes_of(each)) for each in given} == {16 + 2 * SIZE}
    assert not any(text in bytes_of(each) for each in given for text in (b"plum", ID.encode()))
    assert given[1] == await cursors.give("plum", ID, size=2 * SIZE)
    assert len(set(given)) == len(given)


async def test_a_cursor_that_was_changed_or_made_up_is_refused(database: Database) -> None:
    cursors = database.collection("jars").cursors
    sealed = bytes_of(await cursors.give(NOON, ID))
    for place in (0, 20, len(sealed) - 1):
        changed = bytearray(sealed)
        changed[place] ^= 1
        with pytest.raises(Invalid):
            await cursors.place(urlsafe_b64encode(changed).decode(), moment_and_id)
    plain = urlsafe_b64encode(f'["{NOON.isoformat()}","{ID}"]'.encode()).decode()
    for made_up in (plain, "", "x", "é", "===="):
        with pytest.raises(Invalid):
            await cursors.place(made_up, moment_and_id)


async def test_a_cursor_of_another_kind_of_place_is_refused(database: Database) -> None:
    cursors = database.collection("jars").cursors
    with pytest.raises(Invalid):
        await cursors.place(await cursors.give(ID), moment_and_id)


async def test_replicas_that_start_together_share_one_key(mongo: Mongo, database: Database) -> None:
    replicas = [connect(mongo.url, database.name) for _ in range(8)]
    given = await asyncio.gather(*(each.collection("jars").cursors.give(NOON, ID) for each in replicas))
    assert len(set(given)) == 1
    assert await database.collection(KEYS).count({}) == 1
    for each in replicas:
        each.close()
