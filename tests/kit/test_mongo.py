"""Durability is not a setting."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pymongo import InsertOne, MongoClient, WriteConcern
from pymongo.errors import BulkWriteError, PyMongoError

from deploy.local.mongo import Mongo
from deploy.local.mongo.mongod import wheel_program
from deploy.local.ports import free_port
from deploy.local.process import ChildProcess
from deploy.local.providers import ProviderUnavailable
from shared.kit.storage.connection import Database, connect
from shared.kit.storage.errors import DuplicateKey, UnsafeDeployment, is_transient
from shared.kit.storage.indexes import Index
from shared.kit.storage.numbers import Numbers
from tests.deadlines import DEADLINE_S


@pytest.fixture
async def standalone(tmp_path: Path) -> AsyncIterator[str]:
    """The URL of a mongod that is in no replica set."""
    try:
        program = wheel_program()
    except ProviderUnavailable as reason:
        pytest.skip(str(reason))
    port = free_port()
    url = f"mongodb://127.0.0.1:{port}/"
    listen = ["--bind_ip", "127.0.0.1", "--port", str(port), "--nounixsocket", "--dbpath", str(tmp_path)]
    server = ChildProcess("standalone", [str(program), *listen], directory=tmp_path)

    def answers() -> bool:
        with MongoClient[dict[str, object]](url, serverSelectionTimeoutMS=200) as client:
            try:
                return bool(client.admin.command("ping")["ok"])
            except PyMongoError:
                return False

    server.start()
    try:
        server.wait_ready(answers, DEADLINE_S)
        yield url
    finally:
        server.kill()


async def test_a_standalone_server_is_refused(standalone: str) -> None:
    database = connect(standalone, "kit")
    with pytest.raises(UnsafeDeployment, match="replica set"):
        await database.check()
    database.close()


@pytest.mark.parametrize("weakness", ["w=0", "w=1", "W=1", "journal=false", "j=false", "retryWrites=false"])
async def test_an_address_that_asks_for_weaker_writes_is_refused(weakness: str) -> None:
    for url in (f"mongodb://h/?{weakness}", f"mongodb://h/?replicaSet=rs0&{weakness}&appname=x"):
        with pytest.raises(UnsafeDeployment, match="acknowledged writes"):
            connect(url, "kit")


async def test_every_write_waits_for_the_journals_of_a_majority(database: Database) -> None:
    await database.check()
    collection = database.collection("things")
    assert collection._inner.write_concern.document == {"w": "majority", "j": True}
    assert database._client.options.retry_writes


async def test_a_server_that_is_away_is_a_transient_error() -> None:
    database = connect(f"mongodb://127.0.0.1:{free_port()}/?replicaSet=rs0", "kit", server_selection_timeout_ms=100)
    with pytest.raises(PyMongoError) as away:
        await database.check()
    assert is_transient(away.value)
    assert not is_transient(DuplicateKey("_id_"))
    database.close()


def test_writes_of_unknown_durability_may_be_tried_again(mongo: Mongo) -> None:
    """A second member that is not there; what is refused for good is refused again."""
    with MongoClient[dict[str, object]](mongo.url) as client:
        jars = client["kit_unsafe"]["jars"]
        with pytest.raises(BulkWriteError) as unsafe:
            jars.with_options(write_concern=WriteConcern(w=2, wtimeout=50)).bulk_write([InsertOne({"_id": "j1"})])
        with pytest.raises(BulkWriteError) as taken:
            jars.bulk_write([InsertOne({"_id": "j1"})])
        client.drop_database("kit_unsafe")
    assert is_transient(unsafe.value)
    assert not is_transient(taken.value)


async def test_numbers_come_in_blocks_and_never_twice(database: Database) -> None:
    counters = database.collection("counters")
    one, other = Numbers(counters, block=5), Numbers(counters, block=5)
    drawn = await asyncio.gather(*(process.next("jar") for process in (one, other) for _ in range(12)))
    assert len(set(drawn)) == 24
    assert await one.next("lid") == 1

    counter = await counters.get("jar")
    assert counter is not None
    assert counter["last"] % 5 == 0
    assert min(drawn) == 1


async def test_a_block_costs_one_write(database: Database) -> None:
    counters = database.collection("counters")
    numbers = Numbers(counters, block=5)
    assert [await numbers.next("jar") for _ in range(5)] == [1, 2, 3, 4, 5]
    counter = await counters.get("jar")
    assert counter == {"_id": "jar", "last": 5}


async def test_a_clean_restart_leaves_no_gap(database: Database) -> None:
    """CMN-03."""
    counters = database.collection("counters")
    before = Numbers(counters, block=50)
    await before.reserve("crate", 5000)
    assert await before.next("crate") == 1
    await before.give_back()
    assert await Numbers(counters, block=50).next("crate") == 2


async def test_a_number_that_another_replica_may_have_is_not_given_back(database: Database) -> None:
    """CMN-03."""
    counters = database.collection("counters")
    one, other = Numbers(counters, block=5), Numbers(counters, block=5)
    drawn = [await one.next("barrel"), await other.next("barrel")]
    await one.give_back()
    later = [await Numbers(counters, block=5).next("barrel"), await other.next("barrel")]
    assert (drawn, later) == ([1, 6], [11, 7])


async def test_only_what_is_missing_is_inserted(database: Database) -> None:
    things = database.collection("things")
    assert await things.insert_missing([]) == 0
    assert await things.insert_missing([{"_id": "a", "n": 1}, {"_id": "b", "n": 1}]) == 2
    assert await things.insert_missing([{"_id": "b", "n": 2}, {"_id": "c", "n": 2}]) == 1
    assert {document["_id"]: document["n"] for document in await things.find({})} == {"a": 1, "b": 1, "c": 2}


async def test_what_another_index_refuses_is_not_taken_for_inserted(database: Database) -> None:
    things = database.collection("things")
    await things.ensure([Index([("n", 1)], unique=True, name="n")])
    await things.insert({"_id": "a", "n": 1})
    with pytest.raises(PyMongoError):
        await things.insert_missing([{"_id": "b", "n": 1}])


async def test_indexes_are_made_once_however_often_a_service_starts(database: Database) -> None:
    things = database.collection("things")
    indexes = (
        Index([("due", 1)], sparse=True, name="due"),
        Index([("at", 1)], expire_after_s=60, name="expiry"),
        Index([("n", 1)], unique=True, partial={"n": {"$type": "int"}}, name="n"),
    )
    for _ in range(2):
        await things.ensure(indexes)
    made = {index["name"]: index async for index in things._inner.list_indexes()}
    assert made["due"]["sparse"]
    assert made["expiry"]["expireAfterSeconds"] == 60
    assert made["n"]["unique"]
    assert made["n"]["partialFilterExpression"] == {"n": {"$type": "int"}}


async def test_of_many_guarded_writes_in_one_command_each_is_told_how_it_ended(database: Database) -> None:
    jars = database.collection("jars")
    await jars.ensure([Index([("number", 1)], unique=True, name="number")])
    for id_, number in (("old", 1), ("moved", 2), ("other", 3)):
        await jars.insert({"_id": id_, "version": 1, "number": number})
    first = asyncio.create_task(jars.put({"_id": "first", "version": 0}, {"$set": {"version": 1, "number": 9}}))
    outcomes = await asyncio.gather(
        jars.put({"_id": "old", "version": 1}, {"$set": {"version": 2}}),
        jars.put({"_id": "moved", "version": 7}, {"$set": {"version": 8}}),
        jars.put({"_id": "other", "version": 1}, {"$set": {"number": 1}}),
        jars.put({"_id": "new", "version": 0}, {"$set": {"version": 1, "number": 4}}),
        jars.put({"_id": "new", "version": 0}, {"$set": {"version": 1, "number": 5}}),
        return_exceptions=True,
    )
    assert await first
    assert [outcome for outcome in outcomes if not isinstance(outcome, Exception)] == [True, False, True, False]
    assert isinstance(outcomes[2], DuplicateKey)
    assert outcomes[2].index == "number"
    kept = {each["_id"]: (each["version"], each["number"]) for each in await jars.find({})}
    assert kept == {"first": (1, 9), "old": (2, 1), "moved": (1, 2), "other": (1, 3), "new": (1, 4)}


async def test_a_document_that_cannot_be_stored_keeps_no_other_from_it(database: Database) -> None:
    jars = database.collection("jars")
    first = asyncio.create_task(jars.put({"_id": "first", "version": 0}, {"$set": {"number": 1}}))
    good, bad = await asyncio.gather(
        jars.put({"_id": "good", "version": 0}, {"$set": {"number": 2}}),
        jars.put({"_id": "bad", "version": 0}, {"$set": {"number": 2**80}}),
        return_exceptions=True,
    )
    assert (await first, good, type(bad)) == (True, True, OverflowError)
    assert {each["_id"] for each in await jars.find({})} == {"first", "good"}


async def test_who_asks_for_the_same_document_at_the_same_time_gets_one_of_their_own(database: Database) -> None:
    jars = database.collection("jars")
    await jars.insert({"_id": "j1", "labels": ["plum"]})
    await jars.insert({"_id": "j2"})
    first = asyncio.create_task(jars.get("j2"))
    one, other, missing = await asyncio.gather(jars.get("j1"), jars.get("j1"), jars.get("none"))
    assert await first == {"_id": "j2"}
    assert one == other == {"_id": "j1", "labels": ["plum"]}
    assert one["labels"] is not other["labels"]
    assert missing is None


async def test_who_asks_for_several_documents_gets_those_that_there_are_in_order(database: Database) -> None:
    jars = database.collection("jars")
    await jars.insert_missing([{"_id": id_, "of": id_} for id_ in "abcd"])
    found = await asyncio.gather(jars.get_each("ca"), jars.get_each("bxb"), jars.get_each("x"), jars.get_each(()))
    assert [[each["_id"] for each in group] for group in found] == [["c", "a"], ["b"], [], []]


async def test_documents_in_order_end_before_the_first_that_is_there_already(database: Database) -> None:
    jars = database.collection("jars")
    await jars.insert({"_id": "b", "whose": "theirs"})
    assert await jars.insert_in_order([{"_id": each, "whose": "ours"} for each in "abc"]) == 1
    assert {each["_id"]: each["whose"] for each in await jars.find({})} == {"a": "ours", "b": "theirs"}
    assert await jars.insert_in_order([{"_id": "c"}, {"_id": "d"}]) == 2
