"""Search keys of records from before they were found by them (DEAL-01)."""

from typing import Final, TypeVar

from shared.elements.domain.sales_element import SalesElement
from shared.kit.storage.mongo_repository import MongoRepository

E = TypeVar("E", bound=SalesElement)

AT_ONCE: Final = 500


async def make_keys(elements: MongoRepository[E]) -> None:
    """Give their keys to the records that have none yet, a few at a time; done before, it finds none by their index.

    A record that is changed meanwhile has the keys of that change.
    """
    lacking = {"search": {"$exists": False}}
    while documents := await elements.collection.find(lacking, limit=AT_ONCE):
        await elements.collection.update_each(
            [
                (
                    {"_id": document["_id"], "version": document["version"], **lacking},
                    {"$set": {"search": elements.read(document).search}},
                )
                for document in documents
            ]
        )
