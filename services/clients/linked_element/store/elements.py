"""Keep a view of the elements that link clients, and of who may read them (CLI-01, DUP-01, DUP-03, PERM-04)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

from crm_contracts.values import ElementRef

from services.clients.linked_element.domain import (
    LINKING_TYPES,
    PERSON,
    ElementChange,
    LinkedElement,
    full_name,
)
from services.clients.text import Card, Criterion
from shared.elements.domain.filters.nodes import EVERYTHING, Node
from shared.elements.domain.plain_words import spellings_of, words_of
from shared.elements.domain.rights.accessed import Accessed
from shared.elements.domain.rights.told import FIELDS, accessed_in
from shared.elements.store.access_marks import MARKS
from shared.elements.store.filter_compiler import narrowed
from shared.kit.storage.collection import Collection
from shared.kit.storage.documents import Document, Filter
from shared.kit.storage.indexes import Index
from shared.kit.storage.pages import newest_first

COLLECTION: Final = "elements"
RIGHTS_OF_ELEMENTS: Final = "elements.access"
"""What rights look at in the view, as a view that is filled."""
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
_MARKED_BY: Final = frozenset({"responsible_id", "observers", "open_to_all"})
"""What marks are made of; a stage is none, and with the creation all of it becomes known."""
_IS_WHOLE: Final[Document] = {"$and": [{"$gt": [f"$told.{name}", None]} for name in FIELDS]}
_MARKED: Final = [{"$set": {"access": {"$cond": [_IS_WHOLE, MARKS, "$$REMOVE"]}}}]

Allowed: TypeAlias = Mapping[str, Node]
"""Filters of the elements that may be found, by type."""
EVERY_ELEMENT: Final[Allowed] = dict.fromkeys(LINKING_TYPES, EVERYTHING)


class LinkedElements:
    """A read model, kept from events; no decision is made by it, but who is shown what is in it.

    Title, Client field and contact data of an element come in different events, so each group of fields has the
    sequence of the newest event that set it (`told` in the documents), and an older event changes nothing.

    What rights look at has the paths that it has in the element itself. The marks of `access` are derived from it once
    all of it is known; until then an element exists for those alone who may read every element of its type.
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
        groups |= {name: {name: value} for name, value in (*change.names.items(), *change.accessed.items())}
        if not groups:
            return
        whole = _derived(change)
        is_newest = await self._put(change.ref, groups | whole, sequence, at)
        if not is_newest:
            # A newer event has set some of the groups: the others one by one.
            for group, fields in groups.items():
                await self._put(change.ref, {group: fields}, sequence, at)
        if change.names.keys() & set(PERSON) and not (is_newest and "full_name" in whole):
            await self._name(change.ref)
        if change.accessed.keys() & _MARKED_BY and not (is_newest and "access" in whole):
            await self._collection.update({"_id": str(change.ref)}, _MARKED)

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

    async def accessed(self, element: ElementRef) -> Accessed | None:
        """Return what rights look at of an element; None where not all of it is known."""
        found = await self._collection.get(str(element))
        return None if found is None else accessed_in(found)

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
        allowed: Allowed,
        limit: int,
        cursor: str | None,
    ) -> tuple[list[LinkedElement], str | None]:
        """List the elements that link a client, newest first."""
        wanted: dict[str, Any] = {field: client_id, **({} if type_ is None else {"type": type_})}
        where = _within(wanted, allowed)
        documents, more = await newest_first(self._collection, where, limit=limit, cursor=cursor, time="at")
        return [LinkedElement.model_validate(document) for document in documents], more

    async def matches(
        self, field: Literal["phones", "emails"], values: Sequence[str], limit: int, *, allowed: Allowed = EVERY_ELEMENT
    ) -> list[ElementRef]:
        """Find elements with one of these phones or e-mails, newest first."""
        where = _within({field: {"$in": list(values)}}, allowed)
        documents = await self._collection.find(where, sort=_NEWEST, limit=limit)
        return [LinkedElement.model_validate(document).ref for document in documents]

    async def similar(
        self, card: Card, limit: int, *, allowed: Allowed = EVERY_ELEMENT
    ) -> list[tuple[ElementRef, set[Criterion]]]:
        """Find elements that may be the client on a card, and by what; most criteria in common first (DUP-03)."""
        asked: list[tuple[Criterion, Filter]] = []
        first, last, company = map(_in_words, (card.first_name, card.last_name, card.company_title))
        whole = spellings_of(f"{card.first_name} {card.middle_name} {card.last_name}")
        if names := [name for each in whole if (name := full_name([each]))]:
            asked.append(("name", {"full_name": {"$in": names}}))
        if first and last:  # a middle name that only one of them has makes no other person
            asked.append(("name", {"last_name": {"$in": last}, "first_name": {"$in": first}}))
        if company:
            asked.append(("company", {"company_title": {"$in": company}}))
        if card.phones:
            asked.append(("phone", {"phones": {"$in": list(card.phones)}}))
        if card.emails:
            asked.append(("email", {"emails": {"$in": list(card.emails)}}))
        found: dict[str, tuple[ElementRef, set[Criterion]]] = {}
        for criterion, where in asked:
            for document in await self._collection.find(_within(where, allowed), sort=_NEWEST, limit=limit):
                ref = LinkedElement.model_validate(document).ref
                found.setdefault(str(ref), (ref, set()))[1].add(criterion)
        return sorted(found.values(), key=lambda each: -len(each[1]))[:limit]


def _in_words(text: str) -> list[str]:
    """Return the plain words of each spelling of a text that has any."""
    return [words for each in spellings_of(text) if (words := " ".join(words_of(each)))]


def _derived(change: ElementChange) -> dict[str, Document]:
    """Return what follows from several groups of fields, where the change has all of them."""
    derived: dict[str, Document] = {}
    if change.names.keys() >= set(PERSON):
        derived["full_name"] = {"full_name": full_name([change.names[part] for part in PERSON])}
    if change.accessed.keys() >= set(FIELDS):
        derived["access"] = {"access": list(Accessed(**change.accessed).marks)}
    return derived


def _within(where: Filter, allowed: Allowed) -> Filter:
    """Return the filter of those among these elements that are allowed; who may not read all sees marked ones alone."""
    if all(node == EVERYTHING for node in allowed.values()):
        return where
    of_types = [
        narrowed({"type": noun, **({} if node == EVERYTHING else {"access": {"$exists": True}})}, node)
        for noun, node in allowed.items()
    ]
    return {"$and": [where, {"$or": of_types}]}
