"""Keep a view of the elements that link clients (CLI-01, DUP-01, DUP-03)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal

from crm_contracts.values import ElementRef

from services.clients.linked_element.domain import PERSON, ElementChange, LinkedElement, full_name
from services.clients.text import Card, Criterion, words_of
from shared.kit.storage.collection import Collection
from shared.kit.storage.documents import Document, Filter
from shared.kit.storage.indexes import Index
from shared.kit.storage.pages import newest_first
from shared.kit.web.auth import Caller

COLLECTION: Final = "elements"
REFUSED_LINKS: Final = "refused_links"
_IS_GIVEN: Final[Filter] = {"$gt": ""}
_NEWEST: Final = (("at", -1), ("_id", -1))
ELEMENT_INDEXES: Final = (
    Index([("company_id", 1), *_NEWEST], partial={"company_id": _IS_GIVEN}, name="by_company"),
    Index([("contact_ids", 1), *_NEWEST], partial={"contact_ids": _IS_GIVEN}, name="by_contact"),
    Index([("phones", 1), *_NEWEST], partial={"phones": _IS_GIVEN}, name="by_phone"),
    Index([("emails", 1), *_NEWEST], partial={"emails": _IS_GIVEN}, name="by_email"),
    Index([("last_name", 1), ("first_name", 1), *_NEWEST], partial={"last_name": _IS_GIVEN}, name="by_name"),
    Index([("full_name", 1), *_NEWEST], partial={"full_name": _IS_GIVEN}, name="by_full_name"),
    Index([("company_title", 1), *_NEWEST], partial={"company_title": _IS_GIVEN}, name="by_company_title"),
)


class LinkedElements:
    """A read model, kept from events; no decision is made by it.

    Title, Client field and contact data of an element come in different events, so each group of fields has the
    sequence of the newest event that set it (`told` in the documents), and an older event changes nothing.
    """

    def __init__(self, collection: Collection) -> None:
        self._collection = collection

    async def apply(self, change: ElementChange, *, sequence: int, at: datetime) -> None:
        """Store a change; a group of fields that a newer event has set stays as it is."""
        groups: dict[str, Document] = {}
        if change.client is not None:
            company = change.client.company
            groups["client"] = {
                "company_id": company.id if company else None,
                "contact_ids": [link.contact_id for link in change.client.contacts],
            }
        if change.title is not None:
            groups["title"] = {"title": change.title}
        if change.phones is not None:
            groups["phones"] = {"phones": list(change.phones)}
        if change.emails is not None:
            groups["emails"] = {"emails": list(change.emails)}
        groups |= {name: {name: value} for name, value in change.names.items()}
        if not groups:
            return
        named = change.names.keys() & set(PERSON)
        whole: dict[str, Document] = {}
        if len(named) == len(PERSON):
            whole = {"full_name": {"full_name": full_name([change.names[part] for part in PERSON])}}
        is_newest = await self._put(change.ref, groups | whole, sequence, at)
        if not is_newest:
            # A newer event has set some of the groups: the others one by one.
            for group, fields in groups.items():
                await self._put(change.ref, {group: fields}, sequence, at)
        if named and not (is_newest and whole):
            await self._name(change.ref)

    async def _name(self, ref: ElementRef) -> None:
        """Derive the full name from its parts, which different events set; each of these derives it again."""
        known = await self._collection.get(str(ref)) or {}
        told = known.get("told", {})
        unchanged = {f"told.{part}": told.get(part) for part in PERSON}
        name = full_name([known.get(part, "") for part in PERSON])
        await self._collection.update({"_id": str(ref), **unchanged}, {"$set": {"full_name": name}})

    async def _put(self, ref: ElementRef, groups: Mapping[str, Document], sequence: int, at: datetime) -> bool:
        fields = {name: value for each in groups.values() for name, value in each.items()}
        first: Document = {"type": ref.type, "id": ref.id, "at": at, "title": ref.title}
        return await self._collection.put(
            {"_id": str(ref), **{f"told.{group}": {"$not": {"$gte": sequence}} for group in groups}},
            {
                "$set": {**fields, **{f"told.{group}": sequence for group in groups}},
                "$setOnInsert": {name: value for name, value in first.items() if name not in fields},
            },
        )

    async def links(self, element: ElementRef, client: ElementRef) -> bool:
        """Check whether an element is known to link a client."""
        found = await self._collection.get(str(element))
        if found is None:
            return False
        known = LinkedElement.model_validate(found)
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
    ) -> tuple[list[LinkedElement], str | None]:
        """List the elements that link a client, newest first."""
        del access  # every reader reads every client until rights per record exist (PERM)
        where: dict[str, Any] = {field: client_id, **({} if type_ is None else {"type": type_})}
        documents, more = await newest_first(self._collection, where, limit=limit, cursor=cursor, time="at")
        return [LinkedElement.model_validate(document) for document in documents], more

    async def matches(self, field: Literal["phones", "emails"], values: Sequence[str], limit: int) -> list[ElementRef]:
        """Find elements with one of these phones or e-mails, newest first."""
        documents = await self._collection.find({field: {"$in": list(values)}}, sort=_NEWEST, limit=limit)
        return [LinkedElement.model_validate(document).ref for document in documents]

    async def similar(self, card: Card, limit: int) -> list[tuple[ElementRef, set[Criterion]]]:
        """Find elements that may be the client on a card, and by what; most criteria in common first (DUP-03)."""
        asked: list[tuple[Criterion, Filter]] = []
        first, last, company = (
            " ".join(words_of(each)) for each in (card.first_name, card.last_name, card.company_title)
        )
        if name := full_name([card.first_name, card.middle_name, card.last_name]):
            asked.append(("name", {"full_name": name}))
        if first and last:  # a middle name that only one of them has makes no other person
            asked.append(("name", {"last_name": last, "first_name": first}))
        if company:
            asked.append(("company", {"company_title": company}))
        if card.phones:
            asked.append(("phone", {"phones": {"$in": list(card.phones)}}))
        if card.emails:
            asked.append(("email", {"emails": {"$in": list(card.emails)}}))
        found: dict[str, tuple[ElementRef, set[Criterion]]] = {}
        for criterion, where in asked:
            for document in await self._collection.find(where, sort=_NEWEST, limit=limit):
                ref = LinkedElement.model_validate(document).ref
                found.setdefault(str(ref), (ref, set()))[1].add(criterion)
        return sorted(found.values(), key=lambda each: -len(each[1]))[:limit]


class RefusedLinks:
    """Links that elements refused to the clients that were created from their cards (CLI-05)."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection

    async def keep(self, element: ElementRef, client: ElementRef, code: str) -> None:
        """Store a refusal; the first one counts."""
        await self._collection.insert_missing([{"_id": f"{client} {element}", "code": code}])

    async def code_of(self, element: ElementRef, client: ElementRef) -> str | None:
        """Return why the element does not link the client; None where it has not refused to."""
        found = await self._collection.get(f"{client} {element}")
        return None if found is None else str(found["code"])
