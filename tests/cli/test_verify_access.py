"""What timeline keeps of elements is what their events tell: as its own store writes it, and as it must not be."""

from collections.abc import AsyncIterator, Callable
from uuid import uuid4

import pytest
import pytest_asyncio

from deploy.local.mongo import Mongo
from deploy.verify.access import Access
from services.timeline.access.store import ACCESSED, AccessedElements
from shared.kit.storage.connection import connect
from shared.kit.storage.documents import Document
from tests.cli.office import Office
from tests.cli.test_verify_rebuilt import a_busy_office


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def kept(mongo: Mongo) -> AsyncIterator[tuple[Office, list[Document]]]:
    """Elements to which everything happened that can happen, and what timeline keeps of them."""
    office = await a_busy_office()
    database = connect(mongo.url, f"verify_access_{uuid4().hex[:12]}")
    elements = database.collection(ACCESSED)
    await AccessedElements(elements).apply(office.events)
    yield office, [document async for document in elements.walk()]
    await database.drop()
    database.close()


def judged(office: Office, documents: list[Document]) -> list[tuple[str, str]]:
    access = Access()
    for event in office.events:
        access.take_event(event)
    for document in documents:
        access.take_element(document)
    assert access.checked == len(documents)
    return [(finding.subject, finding.detail) for finding in access.broken()]


async def test_what_timeline_keeps_is_what_the_events_tell(kept: tuple[Office, list[Document]]) -> None:
    """PERM-08: of every type of element, whatever happened to it."""
    office, documents = kept
    types = {"lead", "deal", "contact", "company", "product"}
    assert {document["type"] for document in documents} == types
    assert judged(office, documents) == []


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("responsible_id", lambda _: "eve"),
        ("observers", lambda _: ["eve"]),
        ("open_to_all", lambda value: not value),
        ("stage_id", lambda _: "WON"),
        ("access", lambda marks: [*marks, "o:eve"]),
        ("search", lambda keys: keys[1:]),
        ("title", lambda _: "Forged"),
        ("updated_at", lambda _: None),
        ("is_deleted", lambda _: True),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_field_that_drifted_is_named(
    kept: tuple[Office, list[Document]], field: str, change: Callable[[object], object]
) -> None:
    """PERM-08, CLI-03."""
    office, documents = kept
    drifted = [{**each, field: change(each.get(field))} if each["_id"] == "deal:deal-1" else each for each in documents]
    assert judged(office, drifted) == [("deal:deal-1", f"timeline knows it other than its events tell: {field}")]


async def test_an_element_that_is_missing_and_one_that_never_was_are_named(kept: tuple[Office, list[Document]]) -> None:
    """PERM-08."""
    office, documents = kept
    others = [each for each in documents if each["_id"] != "deal:deal-1"]
    assert judged(office, [*others, {"_id": "deal:never"}]) == [
        ("deal:never", "timeline knows an element that no event tells of"),
        ("deal:deal-1", "timeline does not know who may read it"),
    ]
