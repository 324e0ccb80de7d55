"""What clients has heard of leads, deals and whatever else links clients (CLI-01, DUP-01)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal

from crm_contracts.values import ElementRef

from services.clients.domain.duplicates import Card, Criterion
from services.clients.domain.element import Element, News
from services.clients.domain.search import words_of
from shared.kit.storage.collection import Collection
from shared.kit.storage.documents import Document, Filter
from shared.kit.storage.indexes import Index
from shared.kit.storage.pages import newest_first
from shared.kit.web.auth import Caller

ELEMENTS: Final = "elements"
_IS_GIVEN: Final[Filter] = {"$gt": ""}
_NEWEST: Final = (("at", -1), ("_id", -1))
ELEMENT_INDEXES: Final = (
    Index([("company_id", 1), *_NEWEST], partial={"company_id": _IS_GIVEN}, name="by_company"),
    Index([("contact_ids", 1), *_NEWEST], partial={"contact_ids": _IS_GIVEN}, name="by_contact"),
    Index([("phones", 1), *_NEWEST], partial={"phones": _IS_GIVEN}, name="by_phone"),
    Index([("emails", 1), *_NEWEST], partial={"emails": _IS_GIVEN}, name="by_email"),
    Index([("last_name", 1), ("first_name", 1), *_NEWEST], partial={"last_name": _IS_GIVEN}, name="by_name"),
    Index([("company_title", 1), *_NEWEST], partial={"company_title": _IS_GIVEN}, name="by_company_title"),
)


class Elements:
    """A view, kept from events; nothing is ever decided by it."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection

    async def note(self, news: News, *, sequence: int, at: datetime) -> None:
        """Keep what is new; told before, or told by something newer, it changes nothing."""
        told: dict[str, Document] = {}
        if news.client is not None:
            company = news.client.company
            told["client"] = {
                "company_id": company.id if company else None,
                "contact_ids": [link.contact_id for link in news.client.contacts],
            }
        if news.title is not None:
            told["title"] = {"title": news.title}
        if news.phones is not None:
            told["phones"] = {"phones": list(news.phones)}
        if news.emails is not None:
            told["emails"] = {"emails": list(news.emails)}
        told |= {name: {name: value} for name, value in news.names.items()}
        if told and not await self._put(news.ref, told, sequence, at):
            # Something of it was told by a newer event; the rest counts.
            for about, fields in told.items():
                await self._put(news.ref, {about: fields}, sequence, at)

    async def _put(self, ref: ElementRef, told: Mapping[str, Document], sequence: int, at: datetime) -> bool:
        fields = {name: value for each in told.values() for name, value in each.items()}
        first: Document = {"type": ref.type, "id": ref.id, "at": at, "title": ref.title}
        return await self._collection.put(
            {"_id": str(ref), **{f"told.{about}": {"$not": {"$gte": sequence}} for about in told}},
            {
                "$set": {**fields, **{f"told.{about}": sequence for about in told}},
                "$setOnInsert": {name: value for name, value in first.items() if name not in fields},
            },
        )

    async def links(self, element: ElementRef, client: ElementRef) -> bool:
        """Whether an element is known to link a client."""
        found = await self._collection.get(str(element))
        if found is None:
            return False
        known = Element.model_validate(found)
        return client.id in (known.contact_ids if client.type == "contact" else (known.company_id,))

    async def page(
        self,
        field: Literal["company_id", "contact_ids"],
        client_id: str,
        *,
        type_: str | None,
        access: Caller,
        limit: int,
        cursor: str | None,
    ) -> tuple[list[Element], str | None]:
        """Elements that are linked to a client, newest first."""
        del access  # every reader reads every client until rights per record exist (PERM)
        where: dict[str, Any] = {field: client_id, **({} if type_ is None else {"type": type_})}
        documents, more = await newest_first(self._collection, where, limit=limit, cursor=cursor, time="at")
        return [Element.model_validate(document) for document in documents], more

    async def matches(self, field: Literal["phones", "emails"], values: Sequence[str], limit: int) -> list[ElementRef]:
        """Elements with one of these phones or e-mails, newest first."""
        documents = await self._collection.find({field: {"$in": list(values)}}, sort=_NEWEST, limit=limit)
        return [Element.model_validate(document).ref for document in documents]

    async def like(self, card: Card, limit: int) -> list[tuple[ElementRef, set[Criterion]]]:
        """Elements that might be the client on a card, and by what; those with more in common first (DUP-03)."""
        asked: dict[Criterion, Filter] = {}
        first, last, company = (
            " ".join(words_of(each)) for each in (card.first_name, card.last_name, card.company_title)
        )
        if first and last:
            asked["name"] = {"last_name": last, "first_name": first}
        if company:
            asked["company"] = {"company_title": company}
        if card.phones:
            asked["phone"] = {"phones": {"$in": list(card.phones)}}
        if card.emails:
            asked["email"] = {"emails": {"$in": list(card.emails)}}
        found: dict[str, tuple[ElementRef, set[Criterion]]] = {}
        for criterion, where in asked.items():
            for document in await self._collection.find(where, sort=_NEWEST, limit=limit):
                ref = Element.model_validate(document).ref
                found.setdefault(str(ref), (ref, set()))[1].add(criterion)
        return sorted(found.values(), key=lambda each: -len(each[1]))[:limit]
