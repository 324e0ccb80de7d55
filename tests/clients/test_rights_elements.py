"""Who is shown which leads and deals by clients, and which contacts a company brings (CLI-01, CLI-07, PERM-02)."""

from dataclasses import replace
from itertools import count, permutations
from typing import Any
from uuid import uuid4

from crm_contracts.client_answers import ElementContactsResolved
from crm_contracts.client_field import Client
from crm_contracts.deals import DealClientChanged, DealStageChanged, DealUpdated
from crm_contracts.departments import DepartmentState
from crm_contracts.envelope import Envelope, Event
from crm_contracts.leads import LeadUpdated
from crm_contracts.roles import Right
from crm_contracts.values import ElementRef

from services.clients.linked_element.events import fill_rights
from services.clients.linked_element.store.elements import Allowed, LinkedElements
from shared.elements.domain.client_field import set_company
from shared.elements.domain.filters.nodes import Condition
from shared.elements.domain.rights.accessed import ACCESS
from shared.elements.domain.rights.compiled import NOTHING
from tests.builders.causes import NOON
from tests.builders.events import an_event, react
from tests.builders.granted import store
from tests.builders.running import Api, Explained
from tests.builders.values import a_phone
from tests.clients.office import Office
from tests.clients.roles import OF_BEN, a_role, keep_role
from tests.clients.test_elements import ADA, deal_created, hears, lead_created, linked

PHONES = count(870_000)


def deal_ref(id_: str) -> ElementRef:
    return ElementRef(type="deal", id=id_, title="Pumps")


def moved(id_: str, stage: str, sequence: int) -> Envelope[Event]:
    data = {"from_stage": "NEW", "to_stage": stage, "from_semantic": "P", "to_semantic": "P", "moved_at": NOON}
    return an_event(DealStageChanged.model_validate({"deal": deal_ref(id_), **data}), sequence=sequence)


def updated(id_: str, sequence: int, **after: Any) -> Envelope[Event]:
    data = {"deal": deal_ref(id_), "before": {}, "after": after}
    return an_event(DealUpdated.model_validate(data), sequence=sequence)


async def shown(api: Api, contact: str, roles: list[str], query: str = "") -> list[str]:
    answer = await api("GET", f"/contacts/{contact}/elements{query}", roles=roles)
    assert answer.status_code == 200, answer.text
    return [item["element"]["id"] for item in answer.json()["items"]]


async def test_a_client_shows_the_leads_and_deals_that_the_caller_may_read(api: Api) -> None:
    """CLI-01, PERM-04."""
    contact = (await api.made("/contacts", ADA))["id"]
    mine, hidden, watched, lead = (str(uuid4()) for _ in range(4))
    client = linked(None, contact)
    await hears(
        api,
        deal_created(mine, client, 1),
        deal_created(hidden, client, 2, **OF_BEN),
        deal_created(watched, client, 3, **OF_BEN, observers=("anna",)),
        lead_created(lead, client, 4, **OF_BEN),
    )
    own = await a_role(api, contact={"read": "all"}, deal={"read": "own"})
    assert await shown(api, contact, own) == [watched, mine]
    assert await shown(api, contact, own, "?type=lead") == []
    assert await shown(api, contact, own, "?limit=1") == [watched]
    leads = await a_role(api, contact={"read": "all"}, lead={"read": "all"})
    assert await shown(api, contact, leads) == [lead, watched], "an observer reads whatever the role"
    assert await shown(api, contact, ["user"]) == [lead, watched, hidden, mine]
    none = await a_role(api, contact={"read": "all"})
    assert await shown(api, contact, none) == [watched]


async def test_the_right_of_a_stage_decides_as_it_does_in_the_lists_of_deals(api: Api) -> None:
    """CLI-01, PERM-02.1, PERM-02.2."""
    contact, deal = (await api.made("/contacts", ADA))["id"], str(uuid4())
    role = await keep_role(
        api.database,
        Right(element="contact", levels={"read": "all"}),
        Right(element="deal", levels={"read": "all"}),
        Right(element="deal", pipeline_id="default", stage_id="EXECUTING", levels={"read": "own"}),
    )
    await hears(api, deal_created(deal, linked(None, contact), **OF_BEN))
    assert await shown(api, contact, [role]) == [deal]
    await hears(api, moved(deal, "EXECUTING", 2))
    assert await shown(api, contact, [role]) == []
    await hears(api, moved(deal, "NEW", 3), moved(deal, "EXECUTING", 2))
    assert await shown(api, contact, [role]) == [deal]


async def test_who_may_read_an_element_is_known_in_whatever_order_its_events_come(api: Api) -> None:
    """CLI-01, PERM-04: by those who may not read all of them, not before its creation is known."""
    contact = (await api.made("/contacts", ADA))["id"]
    own = await a_role(api, contact={"read": "all"}, deal={"read": "own"})
    opened = await a_role(api, contact={"read": "all"}, deal={"read": "opened"})
    for order in permutations(range(4)):
        deal = str(uuid4())
        told: list[Envelope[Event]] = [
            deal_created(deal, linked(None, contact), responsible_id="ben"),
            updated(deal, 2, responsible_id="anna", open_to_all=False),
            updated(deal, 3, responsible_id="cleo"),
            updated(deal, 4, observers=["anna"], open_to_all=True),
        ]
        heard = set()
        for place in order:
            await hears(api, told[place])
            heard.add(place)
            if 0 not in heard:
                assert deal not in await shown(api, contact, opened)
        await hears(api, *(told[place] for place in reversed(order)))
        assert deal in await shown(api, contact, own), order
        kept = await api.database.collection("elements").get(f"deal:{deal}")
        assert kept is not None
        assert (kept["access"], kept["responsible_id"]) == (["r:cleo", "o:anna", "open"], "cleo")


async def test_elements_from_before_there_were_rights_are_filled_in(api: Api) -> None:
    """CLI-01, PERM-04: until then those alone see them who may read every element."""
    contact, deal = (await api.made("/contacts", ADA))["id"], str(uuid4())
    told: list[Envelope[Event]] = [
        deal_created(deal, linked(None, contact), responsible_id="ben"),
        updated(deal, 2, responsible_id="anna", title="Valves"),
        moved(deal, "EXECUTING", 3),
    ]
    await hears(api, *told)
    elements = api.database.collection("elements")
    unset = ("access", *(f"{at}{name}" for at in ("", "told.") for name in ("responsible_id", "observers")))
    unset += tuple(f"{at}{name}" for at in ("", "told.") for name in ("open_to_all", "pipeline_id", "stage_id"))
    await elements.update({"_id": f"deal:{deal}"}, {"$unset": dict.fromkeys(unset, "")})
    own = await a_role(api, contact={"read": "all"}, deal={"read": "own"})
    everything = await a_role(api, contact={"read": "all"}, deal={"read": "all"})
    assert [await shown(api, contact, roles) for roles in (own, everything)] == [[], [deal]]
    for event in (*told, *told):
        await react(fill_rights(LinkedElements(elements)), event)
    assert await shown(api, contact, own) == [deal]
    kept = await elements.get(f"deal:{deal}")
    assert kept is not None
    assert (kept["stage_id"], kept["title"], kept["contact_ids"]) == ("EXECUTING", "Valves", [contact])


async def test_leads_are_found_as_duplicates_by_who_may_read_them(api: Api) -> None:
    """DUP-01, DUP-03: 20 of those, and `has_more` of those alone."""
    number, mine = next(PHONES), str(uuid4())
    phone, person = f"+49306{number}", {"first_name": "Ada", "last_name": f"L{number}"}
    known: dict[str, Any] = {"phones": (a_phone(normalized=phone),), **person}
    await hears(api, lead_created(mine, Client(), **known))
    for _ in range(22):
        await hears(api, lead_created(str(uuid4()), Client(), **known, **OF_BEN))
    own = await a_role(api, contact={"read": "own"}, lead={"read": "own"})
    found = (await api("POST", "/duplicates/find", {"kind": "phone", "values": [phone]}, roles=own)).json()["lead"]
    assert ([item["id"] for item in found["items"]], found["has_more"]) == ([mine], False)
    alike = (await api("POST", "/duplicates/search", {"phones": [phone], **person}, roles=own)).json()["lead"]
    assert ([item["ref"]["id"] for item in alike["items"]], alike["has_more"]) == ([mine], False)
    data = {"lead": {"type": "lead", "id": mine}, "before": {}, "after": {"responsible_id": "ben"}}
    await hears(api, an_event(LeadUpdated.model_validate({**data, "after": {**OF_BEN}}), sequence=2))
    found = (await api("POST", "/duplicates/find", {"kind": "phone", "values": [phone]}, roles=own)).json()["lead"]
    assert found == {"items": [], "has_more": False}


async def test_a_company_brings_the_contacts_that_the_caller_may_read(api: Api) -> None:
    """CLI-07.8: in their order, by roles of users and tokens; services, and users without a role, are told of all."""
    company = (await api.made("/companies", {"title": "ACME"}))["id"]
    zoe = f"zoe-{uuid4().hex[:8]}"
    theirs = [
        (await api.made("/contacts", {**ADA, "company_ids": [company], **fields}))["id"]
        for fields in (OF_BEN, {"responsible_id": zoe}, {**OF_BEN, "observers": [zoe]}, OF_BEN)
    ]
    role = await keep_role(api.database, Right(element="contact", levels={"read": "own"}), user_ids=(zoe,))
    asked = set_company(Client(), company)
    question = an_event(DealClientChanged(deal=deal_ref(str(uuid4())), before=Client(), after=asked), sequence=2)
    told = {}
    named = {"user:temp": (role,), "user:chief": (role, "admin")}
    for actor in (f"user:{zoe}", "user:nobody", f"service:{zoe}", *named):
        office = Office(api.database)
        await react(office.reactions, replace(question, actor=actor, actor_roles=named.get(actor, ())))
        (answer,) = office.answers.events
        assert isinstance(answer, ElementContactsResolved)
        assert not answer.truncated
        told[actor] = [contact.id for contact in answer.contacts]
    assert told == {
        f"user:{zoe}": theirs[1:3],
        "user:nobody": theirs,
        f"service:{zoe}": theirs,
        "user:temp": [],
        "user:chief": theirs,
    }


async def test_the_department_that_a_token_tells_counts_for_what_its_request_causes(api: Api) -> None:
    """PERM-09, CLI-07.8: as for the request itself, and so do not other departments."""
    company = (await api.made("/companies", {"title": "ACME"}))["id"]
    zoe, department = f"zoe-{uuid4().hex[:8]}", f"d{uuid4().hex[:8]}"
    contact = (await api.made("/contacts", {**ADA, **OF_BEN, "responsible_id": zoe, "company_ids": [company]}))["id"]
    await store(api, DepartmentState(id=department, member_ids=(zoe,)))
    role = await keep_role(api.database, Right(element="contact", levels={"read": "department"}))
    asked = set_company(Client(), company)
    question = an_event(DealClientChanged(deal=deal_ref(str(uuid4())), before=Client(), after=asked), sequence=2)
    for path, seen in ((department, [contact]), ("another", [])):
        office = Office(api.database)
        told = replace(question, actor="user:temp", actor_roles=(f"department:{path}", role))
        await react(office.reactions, told)
        (answer,) = office.answers.events
        assert isinstance(answer, ElementContactsResolved)
        assert [each.id for each in answer.contacts] == seen


async def test_the_elements_that_may_be_read_are_found_by_indexes(api: Api) -> None:
    """CLI-01, DUP-01."""
    contact = (await api.made("/contacts", ADA))["id"]
    phone = f"+49306{next(PHONES)}"
    await hears(
        api,
        *(deal_created(str(uuid4()), linked(None, contact), number) for number in range(20)),
        lead_created(str(uuid4()), Client(), phones=(a_phone(normalized=phone),)),
    )
    elements = Explained(api.database.collection("elements"))
    view, marks = LinkedElements(elements), Condition(ACCESS, "in", ("r:anna", "o:anna"))
    readable: tuple[Allowed, ...] = ({"lead": NOTHING, "deal": marks}, {"lead": marks, "deal": NOTHING})
    for allowed in readable:
        page, _ = await view.page("contact_ids", contact, type_=None, allowed=allowed, limit=30, cursor=None)
        found = await view.matches("phones", [phone], 20, allowed=allowed)
        assert (len(page), len(found)) == ((20, 0) if allowed["lead"] == NOTHING else (0, 1))
    for plan in elements.plans:
        assert "IXSCAN" in plan.stages, plan
        assert not plan.stages & {"COLLSCAN", "SORT"}, plan
        assert plan.keys <= 25, plan
