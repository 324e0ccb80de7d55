"""Read several contacts or companies at a time."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from functools import reduce
from typing import Any, Final, TypeAlias

from crm_contracts.values import ElementRef

from services.clients.records.domain.client import C
from services.clients.records.domain.company import Company
from services.clients.records.domain.contact import Contact
from shared.elements.domain.filters.nodes import EVERYTHING, Node
from shared.elements.store.filter_compiler import narrowed
from shared.elements.store.listing import BY_KEY
from shared.kit.storage.batching import Batcher, side_by_side
from shared.kit.storage.collection import GROUP
from shared.kit.storage.documents import Document, Filter
from shared.kit.storage.lookups import Lookup
from shared.kit.storage.mongo_repository import MongoRepository
from shared.kit.storage.pages import WITHOUT_BOOKKEEPING, newest_first

MAX_MATCHES = 20
MAX_CANDIDATES = 200
"""Records with the phone or e-mail of a lead that are compared by name; a switchboard may have many."""
MAX_COMPANY_CONTACTS = 1_000
BATCH = 100

Allowed: TypeAlias = tuple[Node, Node]
"""Filters of the contacts and of the companies that may be found."""
EVERYBODY: Final[Allowed] = (EVERYTHING, EVERYTHING)

Seat = tuple[int, int]
"""Where a contact comes among those of a company: its position, and its number, which no other contact has."""


class ClientViews:
    """Reads of several contacts or companies."""

    def __init__(self, contacts: MongoRepository[Contact], companies: MongoRepository[Company]) -> None:
        self._contacts = contacts
        self._companies = companies
        self._origins = {of.noun: Lookup(of.collection, "originator_id", "origin_id") for of in (contacts, companies)}
        self._positions: Batcher[str, int] = Batcher(self._last_positions, most=GROUP)

    async def exportable(
        self, *, allowed: Iterable[Node], limit: int, cursor: str | None
    ) -> tuple[list[Contact], str | None]:
        """List contacts that may be exported and that pass all these filters of rights, newest first (CONT-06)."""
        flagged: Filter = {"export": {"$ne": False}, "deleted_at": None}
        where = reduce(narrowed, allowed, flagged)
        documents, more = await newest_first(self._contacts.collection, where, limit=limit, cursor=cursor)
        return [self._contacts.read(document) for document in documents], more

    async def by_origin(self, of: MongoRepository[C], originator: str, origin: str) -> C | None:
        """Find the record with this origin (CMN-14)."""
        document = await self._origins[of.noun].find(originator, origin)
        return None if document is None else of.read(document)

    async def contacts_of(self, company_id: str, allowed: Node = EVERYTHING) -> Sequence[Contact]:
        """List the contacts of a company in their order, the first 1,000 of those allowed (COMP-04, CLI-07)."""
        return (await self._in_order(company_id, allowed, limit=MAX_COMPANY_CONTACTS, after=None))[0]

    async def contacts_page(
        self, company_id: str, *, allowed: Node, limit: int, cursor: str | None
    ) -> tuple[list[Contact], str | None]:
        """List those contacts of a company that are allowed in their order, page by page (COMP-04).

        Raises:
            Invalid: not a cursor of this list.
        """
        cursors = self._contacts.collection.cursors
        after = await cursors.place(cursor, _seat_of) if cursor else None
        contacts, last = await self._in_order(company_id, allowed, limit=limit, after=after)
        return contacts, None if last is None else await cursors.give(*map(str, last))

    async def _in_order(
        self, company_id: str, allowed: Node, *, limit: int, after: Seat | None
    ) -> tuple[list[Contact], Seat | None]:
        """Load contacts by their positions, of equal ones by their numbers; and the last seat, where there are more."""
        seats = [
            *_seats_of(company_id, allowed=allowed),
            {"$sort": {"position": 1, "number": 1}},
            {"$limit": limit + 1},
        ]
        if after is not None:
            position, number = after
            later = {"$or": [{"position": {"$gt": position}}, {"position": position, "number": {"$gt": number}}]}
            seats.insert(-2, {"$match": later})
        found = await self._contacts.collection.aggregate(seats)
        places = {seat["_id"]: (seat["position"], seat["number"]) for seat in found[:limit]}
        documents = await self._contacts.collection.find({"_id": {"$in": list(places)}}, fields=WITHOUT_BOOKKEEPING)
        contacts = sorted((self._contacts.read(each) for each in documents), key=lambda contact: places[contact.id])
        return contacts, places[found[limit - 1]["_id"]] if len(found) > limit else None

    async def with_company_names(self, records: Sequence[C], allowed: Node) -> list[C]:
        """Copy records for an answer, with the current names of the companies that they link, by one query at most.

        A company that the caller may not read is shown by its id alone.
        """
        wanted = sorted({company.id for record in records for company in record.linked_companies})
        if not wanted:
            return list(records)
        where = narrowed({"_id": {"$in": wanted}, "deleted_at": None}, allowed)
        found = await self._companies.collection.find(where, fields={"title": 1})
        names = {f"{self._companies.noun}:{document['_id']}": document["title"] for document in found}
        return [record.with_company_names(names, hides_others=allowed != EVERYTHING) for record in records]

    async def current_clients(self, refs: Sequence[ElementRef]) -> Sequence[Contact | Company]:
        """List these contacts and companies, each merged one as its last survivor (DUP-02)."""
        companies = await self._following_merges(self._companies, (ref.id for ref in refs if ref.type == "company"))
        contacts = await self._following_merges(self._contacts, (ref.id for ref in refs if ref.type == "contact"))
        found: list[Contact | Company] = [*companies.values(), *contacts.values()]
        return [each for each in found if not each.deleted_at]

    async def surviving_contacts(self, ids: Sequence[str]) -> Mapping[str, Contact]:
        """Find the contacts of these ids, each merged one as its last survivor; without those that do not exist."""
        found = await self._following_merges(self._contacts, ids)
        survivors: dict[str, Contact] = {}
        for id_ in ids:
            contact = found.get(id_)
            while contact is not None and contact.merged_into:
                contact = found.get(contact.merged_into)
            if contact is not None and not contact.deleted_at:
                survivors[id_] = contact
        return survivors

    async def _following_merges(self, of: MongoRepository[C], ids: Iterable[str]) -> dict[str, C]:
        """Read these records, deleted or not, and those that they were merged into."""
        found: dict[str, C] = {}
        left = set(ids)
        while left:
            documents = await of.collection.find({"_id": {"$in": sorted(left)}})
            read = [of.read(document) for document in documents]
            found |= {each.id: each for each in read}
            # A survivor that was read before is read again: the merge may have begun in between.
            left = {each.merged_into for each in read if each.merged_into}
        return found

    async def sellers_with(self, requisite_id: str, allowed: Node = EVERYTHING) -> Sequence[Company]:
        """List those allowed companies of ours with these requisites (COMP-08, REQ-05)."""
        where: Filter = {"is_my_company": True, "requisites.id": requisite_id}
        documents = await self._companies.collection.find(narrowed(where, allowed))
        return [self._companies.read(document) for document in documents]

    async def contact_ids_of(self, company_id: str) -> AsyncIterator[Sequence[str]]:
        """Iterate over the ids of all contacts of a company in batches; concurrently linked ones may be missed."""
        last = ""
        while True:
            where = {"companies.company_id": company_id, "_id": {"$gt": last}}
            found = await self._contacts.collection.find(where, sort=[("_id", 1)], limit=BATCH, fields={"_id": 1})
            if not found:
                return
            yield [document["_id"] for document in found]
            last = found[-1]["_id"]

    async def last_position(self, company_id: str) -> int:
        """Return the greatest position among the contacts of a company, 0 where it has none (COMP-04)."""
        return await self._positions.load(company_id)

    async def _last_positions(self, company_ids: Sequence[str]) -> list[int | Exception]:
        last = {"$group": {"_id": "$company_id", "position": {"$max": "$position"}}}
        found = await self._contacts.collection.aggregate([*_seats_of(*dict.fromkeys(company_ids)), last])
        positions = {each["_id"]: int(each["position"]) for each in found}
        return [positions.get(id_, 0) for id_ in company_ids]

    async def matches(
        self,
        phones: Sequence[str],
        emails: Sequence[str],
        keys: Sequence[str] = (),
        *,
        limit: int = MAX_MATCHES,
        allowed: Allowed = EVERYBODY,
    ) -> tuple[list[ElementRef], list[ElementRef]]:
        """Find contacts and companies with one of these phones, e-mails or search keys, up to the limit of each."""
        contacts, companies = await self.candidates(phones, emails, keys, limit=limit, allowed=allowed)
        return [contact.ref for contact in contacts], [company.ref for company in companies]

    async def candidates(
        self,
        phones: Sequence[str],
        emails: Sequence[str],
        keys: Sequence[str] = (),
        company_keys: Sequence[str] = (),
        *,
        limit: int = MAX_CANDIDATES,
        allowed: Allowed = EVERYBODY,
    ) -> tuple[list[Contact], list[Company]]:
        """Find contacts and companies with one of these phones or e-mails, oldest first, or with a search key."""
        people, firms = allowed
        same: list[Filter] = [{"phones.normalized": {"$in": list(phones)}}] if phones else []
        same += [{"emails.normalized": {"$in": list(emails)}}] if emails else []
        contacts, companies = await side_by_side(
            self._with_some(self._contacts, same, keys, limit, people),
            # A seller of ours is no client's duplicate (COMP-08).
            self._with_some(self._companies, same, [*keys, *company_keys], limit, firms, is_my_company={"$ne": True}),
        )
        return contacts, companies

    async def _with_some(
        self, of: MongoRepository[C], ways: list[Filter], keys: Sequence[str], limit: int, allowed: Node, **where: Any
    ) -> list[C]:
        """Read so many of each: a key such as that of the phone 000000 may be one of very many records."""
        with_keys = narrowed({"search": {"$in": list(keys)}, **where}, allowed)
        oldest, with_key = await side_by_side(
            _found(of, ways, narrowed({"$or": ways, **where}, allowed), limit, sort=[("created_at", 1), ("_id", 1)]),
            _found(of, keys, with_keys, limit, hint=BY_KEY if allowed == EVERYTHING else None),
        )
        found = {document["_id"]: document for document in (*oldest, *with_key)}
        return [of.read(document) for document in found.values()][:limit]


async def _found(of: MongoRepository[C], by: Sequence[Any], where: Filter, limit: int, **how: Any) -> list[Document]:
    return await of.collection.find(where, limit=limit, **how) if by else []


def _seats_of(*company_ids: str, allowed: Node = EVERYTHING) -> list[Document]:
    """Build the stages that list the allowed contacts of companies by id, company, position and number."""
    where = {"companies.company_id": {"$in": list(company_ids)}}
    seat = {"company_id": "$companies.company_id", "position": "$companies.position", "number": 1}
    return [{"$match": narrowed(where, allowed)}, {"$unwind": "$companies"}, {"$match": where}, {"$project": seat}]


def _seat_of(texts: list[str]) -> Seat:
    position, number = texts
    return int(position), int(number)
