"""Everything that a caller may see is found by one search, as the events of its owners tell of it (CLI-03, CLI-04)."""

from collections.abc import Callable
from itertools import permutations
from typing import Any, TypeAlias
from urllib.parse import urlencode

import pytest
from crm_contracts.contacts import ContactDeleted, ContactUpdated
from crm_contracts.elements import ELEMENTS
from crm_contracts.leads import LeadUpdated
from crm_contracts.products import ProductCreated

from services.timeline.access.store import ACCESSED
from services.timeline.search.store import search_elements
from shared.elements.domain.filters.nodes import EVERYTHING, Condition
from shared.elements.domain.rights.accessed import ACCESS
from shared.elements.domain.search import words_sought
from tests.builders.running import Explained
from tests.catalog.running import Api, wrong_fields
from tests.timeline.conftest import Deliver
from tests.timeline.events import contact_created, deal_created, lead_created, said, sampled
from tests.timeline.readers import Reader, tell_roles

AReader: TypeAlias = Callable[[str, str], Reader]


@pytest.fixture(scope="module")
async def reader(timeline: Api, deliver: Deliver) -> AReader:
    """A user with a role."""
    await tell_roles(deliver)
    return lambda user, role: Reader(timeline, user, role)


@pytest.fixture
def word(one: str) -> str:
    """A word that no other test uses, of letters alone: digits may be a phone's."""
    return "".join(chr(ord("a") + int(digit, 16)) for digit in one[1:])


async def search(by: Api | Reader, q: str, **more: str) -> dict[str, list[tuple[str, str | None]]]:
    """Ids and titles of what was found, by type."""
    answer = await by.call("GET", f"/search?{urlencode({'q': q, **more})}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    assert set(found) == set(ELEMENTS)
    assert all(each["type"] == type_ for type_, matches in found.items() for each in matches["items"])
    return {
        type_: [(each["id"], each["title"]) for each in matches["items"]]
        for type_, matches in found.items()
        if matches["items"]
    }


def renamed(lead: str, title: str, sequence: int) -> Any:
    element = {"type": "lead", "id": lead, "title": title}
    data = LeadUpdated.model_validate({"lead": element, "before": {"title": "x"}, "after": {"title": title}})
    return said(data, sequence=sequence, seconds=sequence)


async def test_one_search_finds_elements_of_every_type(timeline: Api, deliver: Deliver, one: str, word: str) -> None:
    """CLI-03: by words in any order, and by type."""
    product = sampled(ProductCreated)
    state = {**product.data.model_dump(mode="json")["product"], "id": one, "name": f"Valve {word}"}
    await deliver(
        lead_created(one, title=f"Pumps {word}"),
        deal_created(one, title=f"{word} again"),
        contact_created(one, first_name="Xenia", middle_name=None, last_name=word),
        said(ProductCreated.model_validate({"product": state}), source="/crm/catalog"),
    )
    everything = {
        "lead": [(one, f"Pumps {word}")],
        "deal": [(one, f"{word} again")],
        "contact": [(one, f"Xenia {word}")],
        "product": [(one, f"Valve {word}")],
    }
    assert await search(timeline, word[:8].upper()) == everything
    assert await search(timeline, f"{word} pump") == {"lead": everything["lead"]}
    assert await search(timeline, f"{word} xen") == {"contact": everything["contact"]}
    assert await search(timeline, word, types="deal,contact") == {
        type_: everything[type_] for type_ in ("deal", "contact")
    }
    assert await search(timeline, f"{word} nothing") == {}


async def test_contacts_and_leads_are_found_by_phones_and_emails(
    timeline: Api, deliver: Deliver, one: str, word: str
) -> None:
    """CLI-03."""
    reach: dict[str, Any] = {
        "phones": [{"value": f"+49 30 {int(one[1:], 16) % 10**8:08}", "normalized": None}],
        "emails": [{"value": f"ada@{word}.example", "normalized": f"ada@{word}.example"}],
    }
    await deliver(contact_created(one, **reach), lead_created(one, **reach))
    for q in (reach["phones"][0]["value"], f"ada@{word}", f"{word}.ex"):
        found = await search(timeline, str(q))
        assert {type_: [id_ for id_, _ in each] for type_, each in found.items()} == {"contact": [one], "lead": [one]}


async def test_the_newest_title_counts_in_whatever_order_the_events_come(
    timeline: Api, deliver: Deliver, one: str, word: str
) -> None:
    """CLI-03: also when all of them come once more."""
    for place, order in enumerate(permutations(range(3))):
        lead = f"{one}{place}"
        told = [
            lead_created(lead, title=f"{word} pumps"),
            renamed(lead, f"{word} pipes", 2),
            renamed(lead, f"{word} valves", 3),
        ]
        for each in (*order, *order):
            await deliver(told[each])
        assert (lead, f"{word} valves") in (await search(timeline, f"{word} valv"))["lead"]
    assert await search(timeline, f"{word} pumps") == {}
    assert await search(timeline, f"{word} pipes") == {}


async def test_what_was_deleted_is_found_by_nothing_that_was_known_of_it(
    timeline: Api, deliver: Deliver, one: str, word: str
) -> None:
    """CLI-03: neither keys nor its name remain, and no late event brings them back."""
    created = contact_created(one, last_name=word)
    ref, before = {"type": "contact", "id": one}, {"last_name": "x"}
    late = ContactUpdated.model_validate({"contact": ref, "before": before, "after": {"last_name": word}})
    gone = ContactDeleted.model_validate({"contact": ref, "before": created.data.model_dump(mode="json")["contact"]})
    await deliver(created)
    assert "contact" in await search(timeline, word)
    await deliver(said(gone, source="/crm/clients", sequence=3))
    await deliver(said(late, source="/crm/clients", sequence=2))
    assert await search(timeline, word) == {}
    stored = await timeline.database.collection("accessed").get(f"contact:{one}")
    assert word not in str(stored)


async def test_a_search_finds_what_the_caller_may_read_and_tells_nothing_of_the_rest(
    timeline: Api, reader: AReader, deliver: Deliver, one: str, word: str
) -> None:
    """CLI-04, PERM-04, PERM-08: at most 20 of a type, and whether there are more of those that he may read."""
    await deliver(
        *(lead_created(f"{one}{place}", title=word, responsible_id="ann") for place in range(20)),
        *(lead_created(f"{one}h{place}", title=word, responsible_id="ben") for place in range(5)),
        deal_created(one, title=word, responsible_id="ben", stage_id="WON"),
        contact_created(one, last_name=word, responsible_id="cid", observers=["ann"]),
    )

    async def found(by: Api | Reader) -> dict[str, tuple[int, bool]]:
        answer = (await by.call("GET", f"/search?q={word}")).json()
        return {type_: (len(each["items"]), each["has_more"]) for type_, each in answer.items() if each["items"]}

    assert await found(timeline) == {"lead": (20, True), "deal": (1, False), "contact": (1, False)}
    assert await found(reader("ann", "own")) == {"lead": (20, False), "contact": (1, False)}
    assert await found(reader("ben", "own")) == {"lead": (5, False), "deal": (1, False)}
    assert await found(reader("ben", "sales")) == {"lead": (5, False)}
    assert await found(reader("eve", "opened")) == {}
    assert await found(reader("eve", "all")) == {"lead": (20, True), "deal": (1, False), "contact": (1, False)}


async def test_what_has_just_changed_comes_first(timeline: Api, deliver: Deliver, one: str, word: str) -> None:
    """CLI-04."""
    await deliver(lead_created(f"{one}a", title=word), lead_created(f"{one}b", title=word, seconds=1))
    assert [id_ for id_, _ in (await search(timeline, word))["lead"]] == [f"{one}b", f"{one}a"]
    await deliver(renamed(f"{one}a", f"{word} again", 2))
    assert [id_ for id_, _ in (await search(timeline, word))["lead"]] == [f"{one}a", f"{one}b"]


async def test_a_search_reads_the_keys_of_its_longest_word(
    timeline: Api, deliver: Deliver, one: str, word: str
) -> None:
    """CLI-04: and never all elements."""
    await deliver(
        *(lead_created(f"{one}{place}", title=f"{word} other", responsible_id="ann") for place in range(99)),
        lead_created(f"{one}x", title=f"{word} rare{word}", responsible_id=one),
    )
    for q, allowed in (
        (f"{word} rare{word}", EVERYTHING),
        (f"rare{word} {word}", EVERYTHING),
        (word, Condition(ACCESS, "in", (f"r:{one}", f"o:{one}"))),
    ):
        elements = Explained(timeline.database.collection(ACCESSED))
        found, has_more = await search_elements(elements, "lead", words_sought(q), allowed=allowed, most=20)
        assert ([each.id for each in found], has_more) == ([f"{one}x"], False)
        assert all("COLLSCAN" not in plan.stages for plan in elements.plans)
        assert elements.plans[-1].keys <= (10 if "rare" in q else 110), q


@pytest.mark.parametrize(
    ("query", "wrong"),
    [("q=a", {"q"}), ("", {"q"}), ("q=ada&types=task", {"types"}), ("q=a&types=lead,", {"q", "types"})],
)
async def test_a_search_that_cannot_be_meant_is_refused(timeline: Api, query: str, wrong: set[str]) -> None:
    """CLI-04."""
    assert wrong_fields(await timeline.call("GET", f"/search?{query}")) == wrong
