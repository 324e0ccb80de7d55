"""Lists of every element type are found by the indexes of its table, whatever the filter, and completely (DEAL-01)."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from crm_contracts.elements import COMPANY, CONTACT, DEAL, LEAD, PRODUCT, ElementType

from deploy.local.mongo import Mongo
from services.catalog.product.domain.product import Product
from services.catalog.product.store import PRODUCT_INDEXES, PRODUCT_TABLE
from services.clients.records.store.collections import COMPANY_INDEXES, COMPANY_TABLE, CONTACT_INDEXES, CONTACT_TABLE
from services.deals.deal.store import DEAL_INDEXES
from services.leads.lead.store import LEAD_INDEXES
from shared.elements.domain.fields import filterable_fields
from shared.elements.domain.filters.evaluation import matches
from shared.elements.domain.filters.nodes import All, Condition
from shared.elements.domain.filters.query import Listed
from shared.elements.domain.rights.accessed import ACCESS, ACCESS_OR_OPEN
from shared.elements.store.filtered_lists import FilteredLists
from shared.elements.store.index_table import IndexTable
from shared.kit.domain import Aggregate
from shared.kit.storage.collection import Collection
from shared.kit.storage.connection import connect
from shared.kit.storage.indexes import Index
from tests.builders import leads
from tests.builders.causes import ANNA, NOON
from tests.builders.clients import a_company, a_contact, works_for
from tests.builders.deals import TABLE, a_deal
from tests.builders.examined import Examined, every_page
from tests.builders.fakes import Documents
from tests.builders.leads import a_lead
from tests.builders.values import a_client, a_phone, an_email

RECORDS = 60
MOST_INDEXES = 13
"""Twelve for lists, and one for searches; those of rare records cost only the writes of these."""
OF_THE_BOARD = {"by_cell", "by_rank"}
"""Those that the board's cells are counted by, and its cards arranged, as the ADR 0063 argues."""
OF_RARE_RECORDS = {"by_template", "templates"}


@dataclass(frozen=True)
class Kind:
    """A type with its table, and a maker of records: all but every fifth has all that lists are filtered by."""

    type: ElementType
    table: IndexTable
    indexes: Sequence[Index]
    record: Callable[[int], Aggregate]

    def lists(self, collection: Collection, **more: int) -> FilteredLists[Any]:
        return FilteredLists(Documents(type(self.record(0)), collection), self.table, **more)

    @property
    def listed(self) -> Listed:
        return Listed(filterable_fields(self.type), self.table.orders, (), self.table.first_order)


def _is_full(place: int) -> bool:
    return place % 5 > 0


def _origin(place: int) -> tuple[str | None, str | None]:
    return ("shop", f"o{place}") if _is_full(place) else (None, None)


def _deal(place: int) -> Aggregate:
    deal = a_deal(f"{place:03}", at=NOON + timedelta(seconds=place // 7), client=a_client("ada", company_id="acme"))
    deal.number, deal.lead_id = place, "lead"
    deal.originator_id, deal.origin_id = _origin(place)
    deal.is_recurring, deal.template_id = not _is_full(place), "000" if _is_full(place) else None
    return deal


def _lead(place: int) -> Aggregate:
    lead = a_lead(f"{place:03}", client=a_client("ada", company_id="acme"))
    lead.number, lead.created_at = place, NOON + timedelta(seconds=place // 7)
    lead.originator_id, lead.origin_id = _origin(place)
    return lead


def _contact(place: int) -> Aggregate:
    reach = {"phones": (a_phone(),), "emails": (an_email(),)} if _is_full(place) else {}
    at = NOON + timedelta(seconds=place // 7)
    contact = a_contact(f"{place:03}", works_for(), number=place, at=at, **reach)
    contact.originator_id, contact.origin_id = _origin(place)
    return contact


def _company(place: int) -> Aggregate:
    reach = {"phones": (a_phone(),), "emails": (an_email(),)} if _is_full(place) else {"is_my_company": True}
    company = a_company(f"{place:03}", number=place, at=NOON + timedelta(seconds=place // 7), **reach)
    company.originator_id, company.origin_id = _origin(place)
    return company


def _product(place: int) -> Aggregate:
    fields = {"name": f"P{place % 4}", "sort": 500 + place % 3, "active": place % 2 == 0}
    code = {"external_id": f"x{place}"} if _is_full(place) else {}
    return Product.create(f"{place:03}", place, "default", {**fields, **code}, by=ANNA, at=NOON)


KINDS = {
    kind.type.noun: kind
    for kind in (
        Kind(DEAL, TABLE, DEAL_INDEXES, _deal),
        Kind(LEAD, leads.TABLE, LEAD_INDEXES, _lead),
        Kind(CONTACT, CONTACT_TABLE, CONTACT_INDEXES, _contact),
        Kind(COMPANY, COMPANY_TABLE, COMPANY_INDEXES, _company),
        Kind(PRODUCT, PRODUCT_TABLE, PRODUCT_INDEXES, _product),
    )
}
EVERY_KIND = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
GIVEN: dict[str, Any] = {
    "active": True,
    "catalog_id": "default",
    "company_id": "acme",
    "contact_id": "ada",
    "email": "ada@acme.example",
    "external_id": "x7",
    "id": "007",
    "is_my_company": True,
    "is_recurring": True,
    "lead_id": "lead",
    "origin_id": "o7",
    "originator_id": "shop",
    "phone": "+4930901820",
    "pipeline_id": "default",
    "responsible_id": "anna",
    "stage_id": "NEW",
    "template_id": "000",
}
MARKS = {field.name: field for field in (ACCESS, ACCESS_OR_OPEN)}
"""Of rights, which no caller names."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def collections(mongo: Mongo) -> AsyncIterator[dict[str, Collection]]:
    database, made = connect(mongo.url, f"listed_{uuid4().hex[:8]}"), dict[str, Collection]()
    for noun, kind in KINDS.items():
        made[noun] = database.collection(kind.type.plural)
        await made[noun].ensure(kind.indexes)
        records = [kind.record(place) for place in range(RECORDS)]
        stored = [{**one.model_dump(exclude={"id"}), "_id": one.id, "inbox": [], "outbox": []} for one in records]
        stored[3]["deleted_at"] = NOON if kind.table.always else None
        assert await made[noun].insert_missing(stored) == RECORDS
    yield made
    await database.drop()
    database.close()


@EVERY_KIND
async def test_every_index_of_the_table_finds_what_it_is_there_for(
    collections: dict[str, Collection], kind: Kind
) -> None:
    """DEAL-01: page by page, in order, and the last page without reading those before."""
    documents = await collections[kind.type.noun].find({})
    for group in kind.table.groups:
        for direction in ("asc", "desc"):
            name = group.order or kind.table.first_order[0]
            raw = {field: GIVEN[field] for field in group.fields if field not in MARKS}
            query = kind.listed.query(raw, [[name, direction]], None, now=NOON)
            for field in MARKS.keys() & group.fields:
                query = replace(query, allowed=Condition(MARKS[field], "in", ("o:anna", "open")))
            examined = Examined(collections[kind.type.noun])
            default = [node for field, node in kind.table.by_default.items() if field not in group.fields]
            whole = All((query.filter, query.allowed, *kind.table.always, *default))
            passing = [each for each in documents if matches(whole, each)]
            found = await every_page(kind.lists(examined), query, limit=20)
            assert sorted(found) == sorted(each["_id"] for each in passing), raw
            assert found, raw
            examined.assert_served_by_indexes((raw, name))
            # Of what the fields alone find, the order is made first, and then the records are read by their ids.
            assert examined.indexes == ({group.index} if group.order else {group.index, "_id_"}), raw
            # Beside a key for each record: one behind each page, and the ties of its place. Where something is left to
            # be looked at, the last page is looked for three times.
            times = 3 if kind.table.always else 1
            assert examined.keys <= times * len(passing) + 4 * (1 + len(found) // 20) * 7, (raw, name)


@EVERY_KIND
async def test_what_nothing_finds_is_looked_for_within_the_budget(
    collections: dict[str, Collection], kind: Kind
) -> None:
    """DEAL-01."""
    for name in kind.table.orders:
        examined = Examined(collections[kind.type.noun])
        lists = kind.lists(examined, budget=20)
        query = kind.listed.query({"created_by": "nobody"}, [[name, "asc"]], None, now=NOON)
        page = await lists.page(query, limit=50)
        assert (page.items, page.is_complete) == ([], False)
        assert 0 < examined.keys <= 20 + 3 + 7, name
        assert await every_page(lists, query, limit=50) == []
        examined.assert_served_by_indexes(name)


@EVERY_KIND
def test_a_collection_has_few_indexes_and_the_table_names_none_but_them(kind: Kind) -> None:
    """Each costs every write; `_id_` and those of the outbox come besides."""
    assert len([index for index in kind.indexes if index.name not in OF_RARE_RECORDS | OF_THE_BOARD]) <= MOST_INDEXES
    assert all(index.partial for index in kind.indexes if index.name in OF_RARE_RECORDS)
    assert {group.index for group in kind.table.groups} <= {index.name for index in kind.indexes} | {"_id_"}
    orderable = {name for name, field in kind.listed.fields.items() if field.is_orderable}
    assert set(kind.table.orders) == orderable
    assert kind.table.first_order[0] in kind.table.orders
