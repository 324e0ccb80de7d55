"""Insert the history for B8: hundreds of thousands of deals and timeline entries, directly into MongoDB.

Each is a copy, with other ids, of one that the services made, so it is in every index of the services. Indexes are
dropped during the insertion and created again afterwards, which is many times as fast.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any
from uuid import uuid4

from pymongo import IndexModel, MongoClient
from pymongo.collection import Collection

Document = dict[str, Any]
_BATCH = 5_000


def grow(mongo: str, *, deals: int, entries: int) -> str:
    """Add copies until there are so many, unless there are more already; return the numbers as a text."""
    there: list[int] = []
    with MongoClient[Document](mongo) as client:
        for stored, number in ((client["crm_deals"]["deals"], deals), (timelines(client)[-1], entries)):
            pattern = stored.find_one({}, sort=[("_id", -1)])
            if pattern is None:
                raise LookupError(f"nothing to copy in {stored.full_name}")
            put_in(stored, _copies(pattern, number - stored.estimated_document_count()))
            there.append(stored.estimated_document_count())
    return f"{there[0]:,} deals and {there[1]:,} entries"


def timelines(client: MongoClient[Document]) -> list[Collection[Document]]:
    """Find the collections of timeline entries: those that are found by the correlation id, whatever their names."""
    database = client["crm_timeline"]
    return [
        database[name]
        for name in sorted(database.list_collection_names())
        if not name.startswith("system.")
        and any(facts["key"][0][0] == "correlation_id" for facts in database[name].index_information().values())
    ]


def put_in(stored: Collection[Document], documents: Iterable[Document]) -> None:
    """Insert all documents without indexes, and create the indexes again afterwards."""
    there = {name: facts for name, facts in stored.index_information().items() if name != "_id_"}
    for name in there:
        stored.drop_index(name)
    left = iter(documents)
    while batch := list(islice(left, _BATCH)):
        stored.insert_many(batch, ordered=False)
    options = {
        name: {key: value for key, value in facts.items() if key not in {"key", "v"}} for name, facts in there.items()
    }
    stored.create_indexes([IndexModel(facts["key"], name=name, **options[name]) for name, facts in there.items()])


def _copies(pattern: Document, number: int) -> Iterator[Document]:
    for place in range(number):
        id_ = str(uuid4())
        copy = {**pattern, "_id": id_}
        if "number" in pattern:
            copy["number"] = 10**9 + int(uuid4().int % 10**9) * 1000 + place % 1000
        if "correlation_id" in pattern:
            copy["correlation_id"] = id_
        if "elements" in pattern:
            copy["elements"] = [{**pattern["elements"][0], "ref": f"deal:{id_}"}]
        yield copy
