"""Tell callers nothing of records that they may not read, not even by a conflict with one of them (PERM-04)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.clients.records.domain.client import C
from services.clients.records.domain.errors import SellerTaken
from shared.elements.domain.element import OriginTaken
from shared.kit.domain import NotFound
from shared.kit.storage.repository import Repository
from shared.kit.web.call import Call


def may_know(record: C, call: Call) -> bool:
    """Return whether the caller may read a record, or know that it was deleted."""
    try:
        if record.deleted_at:
            call.access.check_gone(record.NOUN, record.id)
        else:
            call.access.check("read", record)
    except NotFound:
        return False
    return True


@asynccontextmanager
async def naming_none_hidden(owners: Repository[C], call: Call) -> AsyncIterator[None]:
    """Leave the id out of a conflict with a record that the caller may not know of."""
    try:
        yield
    except (OriginTaken, SellerTaken) as error:
        id_ = error.details.get("existing_id")
        holder = None if id_ is None else await owners.find_with_deleted(str(id_))
        if holder is None or may_know(holder, call):
            raise
        raise SellerTaken.by(None) if isinstance(error, SellerTaken) else OriginTaken.by(owners.noun, None) from None
