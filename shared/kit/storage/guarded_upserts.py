"""Write documents under guards, many in one command.

An update whose guard fails tries to insert, and collides with the document itself. So one bulk command reports for each
of many guarded writes how it ended, which its counts alone would not.
"""

from collections.abc import Sequence
from typing import Any

from bson.errors import BSONError
from pymongo import UpdateOne
from pymongo.errors import BulkWriteError, InvalidOperation

from shared.kit.storage.documents import Filter, Update
from shared.kit.storage.errors import outcome_of_write

GuardedUpsert = tuple[Filter, Update]


async def upsert_each(collection: Any, changes: Sequence[GuardedUpsert]) -> list[bool | Exception]:
    """Upsert each document on its own; False where it exists and does not fit the filter, or the error."""
    outcomes: list[bool | Exception] = [True] * len(changes)
    try:
        await collection.bulk_write([UpdateOne(where, change, upsert=True) for where, change in changes], ordered=False)
    except BulkWriteError as error:
        if error.details["writeConcernErrors"]:
            raise
        for problem in error.details["writeErrors"]:
            outcomes[problem["index"]] = outcome_of_write(problem)
    except (BSONError, InvalidOperation, OverflowError, TypeError, ValueError):
        # One of them cannot be encoded; the others are written all the same.
        if len(changes) == 1:
            raise
        return [await _upsert_alone(collection, change) for change in changes]
    return outcomes


async def _upsert_alone(collection: Any, change: GuardedUpsert) -> bool | Exception:
    try:
        return (await upsert_each(collection, [change]))[0]
    except Exception as error:  # noqa: BLE001 - raised where this write was asked for
        return error
