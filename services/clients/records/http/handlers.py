"""Handle the requests that are the same for contacts and companies but for their bodies."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any, Generic, Self, TypeVar

from crm_contracts.elements import COMPANY
from crm_contracts.values import ElementRef
from fastapi import Response

from services.clients.records.domain.client import C, Defaults
from services.clients.records.http.cards import CardLink, Cards
from services.clients.records.http.hidden import may_know, naming_none_hidden
from services.clients.records.schemas.records import ClientFieldsIn, NewClientIn, NewUpsertIn, RecordOut, UpsertIn
from services.clients.records.store.views import ClientViews
from services.clients.records.usecases.clients import FieldCodes, correct_client, create_client, upsert_client
from shared.elements.domain.client_names import mark_of_names
from shared.elements.domain.element import OriginTaken
from shared.elements.domain.filters.contact_points import point_spellings
from shared.elements.http.expansion import Expansions
from shared.elements.http.query_routes import ListedElements
from shared.elements.http.rights import records_for
from shared.elements.schemas.contact_points import ContactPointReading
from shared.elements.schemas.expansion import mark_of_expansion, with_expansion
from shared.elements.store.filtered_lists import FilteredLists
from shared.elements.store.index_table import IndexTable
from shared.elements.usecases.read_once import ReadCodes
from shared.kit.domain import Findings, Invalid
from shared.kit.storage.mongo_repository import MongoRepository
from shared.kit.storage.numbers import Numbers
from shared.kit.web.call import Call, etag, show_version
from shared.kit.web.waiting import Wait

R = TypeVar("R", bound=RecordOut)

ENTER = """Create a record, and link it to the card that it was created from (CONT-01, COMP-01, CLI-05).

With `link_to` the element's Client field takes the record as soon as the element's service receives the event, for
which `Prefer: wait=N` waits; callers who may not write such elements are refused. The record stays whatever becomes of
the link: `link_state` is `pending` when the time is over, and `refused` with the code `link_refusal` where the element
does not exist or cannot link it."""
"""Description of the routes that create a record."""


@dataclass(frozen=True)
class RecordHandlers(Generic[C, R]):
    """Handlers over the records of one type."""

    owners: MongoRepository[C]
    shown: type[R]
    table: IndexTable
    views: ClientViews
    reference: FieldCodes
    numbers: Numbers
    cards: Cards
    expansions: Expansions
    country: str
    defaults: Defaults

    @cached_property
    def listed(self) -> ListedElements[C]:
        """The list of the records."""
        return ListedElements(
            FilteredLists(self.owners, self.table),
            self.shown,
            self.show_each,
            spellings=point_spellings(self.country),
            expansions=self.expansions,
        )

    @property
    def plural(self) -> str:
        """What the records are called in paths."""
        return self.owners.kind.TYPE.plural

    async def show(
        self, call: Call, record: C, response: Response, status: int = 200, *, expand: Sequence[str] = ()
    ) -> R:
        """Answer with a record and its version, and with what is told besides."""
        (named,) = await self.named(call, [record])
        (expanded,) = await self.expansions.of(call, expand, [record])
        beside = mark_of_names(record.linked_companies, named.linked_companies)
        show_version(response, record.version, status, beside=mark_of_expansion(expanded, beside))
        return with_expansion(self.shown.of(named), expanded)

    async def show_each(self, call: Call, records: Sequence[C]) -> list[R]:
        """Show records with the names that the companies they link have now."""
        return [self.shown.of(named) for named in await self.named(call, records)]

    async def named(self, call: Call, records: Sequence[C]) -> list[C]:
        """Copy records with the names of those companies that the caller may read."""
        return await self.views.with_company_names(records, records_for(call, COMPANY))

    async def enter(
        self,
        body: NewClientIn,
        call: Call,
        wait: Wait,
        reading: ContactPointReading,
        response: Response,
        *,
        complete: Callable[[C], object] = lambda _: None,
    ) -> tuple[C, Callable[[], Awaitable[CardLink]]]:
        """Create a record with the links that `complete` gives it; the second result waits for the card to link it."""
        link_to, wrong = await self.cards.element_of(body.link_to, call), self.wrong(body, reading)
        fields = body.fields(self.country, reading)
        create = self._creation(call, fields, body.origin, wrong=wrong, link_to=link_to, complete=complete)
        async with naming_none_hidden(self.owners, call):
            record = await create(body.id or call.new_id)
        response.headers.update({"Location": f"/v1/{self.plural}/{record.id}", **etag(record.version)})
        return record, partial(self.cards.link, record.ref, link_to, wait)

    def as_typed(self, body: ClientFieldsIn, reading: ContactPointReading) -> list[str]:
        """List the phones and e-mails of a body that have no normal form."""
        return body.as_typed(self.country, reading)

    async def prepared(self, count: int) -> Self:
        """Read what so many new records need once: their dictionaries, and their numbers."""
        codes = ReadCodes(await self.reference.codes(self.owners.kind.TYPE.fields))
        await self.numbers.reserve(self.owners.noun, count)
        return replace(self, reference=codes)

    async def take(
        self,
        item: NewUpsertIn,
        call: Call,
        reading: ContactPointReading,
        *,
        corrects: bool,
        complete: Callable[[C], object] = lambda _: None,
    ) -> tuple[C, bool, list[str]]:
        """Create a record of a batch, or correct the one of its origin where that is wished.

        Returns the record, whether it is new, and which of its fields stayed as they were corrected here (CONT-08). The
        card that it is created from is not waited for.
        """
        origin, known = item.origin, item.origin if corrects else None
        wrong = await self._wrong_for(item, reading, partial(self._existing, known, call))
        link_to, fields = await self.cards.element_of(item.link_to, call), item.fields(self.country, reading)
        create = self._creation(call, fields, origin, wrong=wrong, link_to=link_to, complete=complete)
        async with naming_none_hidden(self.owners, call):
            if origin is None or not corrects:
                return await create(item.id or call.new_id), True, []
            record, is_new = await upsert_client(
                origin,
                fields,
                call.cause,
                existing=call.guard(self.owners),
                find=partial(self._of_origin, call),
                create=create,
                reference=self.reference,
                new_id=item.id,
                wrong=wrong,
                complete=complete,
            )
            return record, is_new, record.kept(fields)

    def _creation(
        self,
        call: Call,
        fields: Mapping[str, Any],
        origin: tuple[str, str] | None,
        *,
        wrong: Sequence[Invalid],
        link_to: ElementRef | None = None,
        complete: Callable[[C], object] = lambda _: None,
    ) -> Callable[[str], Awaitable[C]]:
        """Return what creates a record of an id with the rights of the caller."""
        return partial(
            create_client,
            fields=fields,
            origin=origin,
            cause=call.cause,
            kind=self.owners.kind,
            owners=call.guard_store(self.owners),
            reference=self.reference,
            numbers=self.numbers,
            defaults=self.defaults,
            wrong=wrong,
            link_to=link_to,
            complete=complete,
        )

    async def correct(
        self,
        id_: str,
        body: ClientFieldsIn,
        call: Call,
        reading: ContactPointReading,
        response: Response,
        *,
        if_match: int | None,
    ) -> R:
        """Correct fields of a record."""
        owners = call.guard(self.owners)
        wrong = await self._wrong_for(body, reading, partial(owners.get, id_))
        async with naming_none_hidden(self.owners, call):
            record = await correct_client(
                id_,
                body.fields(self.country, reading),
                call.cause,
                owners=owners,
                reference=self.reference,
                expected_version=if_match,
                wrong=wrong,
            )
        return await self.show(call, record, response)

    async def upsert(
        self,
        origin: tuple[str, str],
        body: UpsertIn,
        call: Call,
        reading: ContactPointReading,
        response: Response,
        *,
        if_match: int | None,
    ) -> R:
        """Create or correct the record of an origin."""
        wrong = await self._wrong_for(body, reading, partial(self._existing, origin, call))
        fields = body.fields(self.country, reading)
        async with naming_none_hidden(self.owners, call):
            record, is_new = await upsert_client(
                origin,
                fields,
                call.cause,
                existing=call.guard(self.owners),
                find=partial(self._of_origin, call),
                create=self._creation(call, fields, origin, wrong=wrong),
                reference=self.reference,
                expected_version=if_match,
                wrong=wrong,
            )
        return await self.show(call, record, response, 201 if is_new else 200)

    def wrong(self, body: ClientFieldsIn, reading: ContactPointReading, before: C | None = None) -> Sequence[Invalid]:
        """Find what is no phone and no e-mail in a body, unless the record has it already (CONT-03)."""
        findings = Findings()
        with findings.collecting():
            body.check(self.country, reading, None if before is None else before.state)
        return findings.found

    async def _wrong_for(
        self, body: ClientFieldsIn, reading: ContactPointReading, find: Callable[[], Awaitable[C | None]]
    ) -> Sequence[Invalid]:
        """Find the same for a record, which is read only where it may have what is refused elsewhere."""
        return self.wrong(body, reading) and self.wrong(body, reading, await find())

    async def known_of_origin(self, call: Call, originator: str, origin: str) -> C | None:
        """Find the record or the tombstone of an origin; None where the caller may know of none."""
        found = await self.views.by_origin(self.owners, originator, origin)
        return found if found is not None and may_know(found, call) else None

    async def _of_origin(self, call: Call, originator: str, origin: str) -> C | None:
        """Find the record of an origin.

        Raises:
            OriginTaken: it is one that the caller may not know of.
        """
        found = await self.views.by_origin(self.owners, originator, origin)
        if found is not None and not may_know(found, call):
            raise OriginTaken.by(self.owners.noun, None)
        return found

    async def _existing(self, origin: tuple[str, str] | None, call: Call) -> C | None:
        """Read the record of an origin as the caller may see it, or None."""
        found = None if origin is None else await self.known_of_origin(call, *origin)
        return None if found is None else await call.guard(self.owners).get(found.id)
