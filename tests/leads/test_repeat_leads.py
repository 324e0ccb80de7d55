"""New leads of known clients: the setting, the question to clients, and what becomes of the answer (LEAD-05)."""

from contextlib import suppress
from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest
from crm_contracts.client_answers import LeadClientFound
from crm_contracts.client_field import Client
from crm_contracts.envelope import Event
from crm_contracts.leads import LeadClientChanged, LeadCreated
from crm_contracts.repeat_leads import LeadClientSought
from crm_contracts.values import ElementRef

from services.leads.lead.domain.lead import Lead
from services.leads.lead.store import LEADS
from services.leads.repeat_lead.domain import LeadSettings
from services.leads.repeat_lead.events import reactions
from services.leads.repeat_lead.store import LEAD_SETTINGS, ConvertedLeads
from shared.kit.messaging.reactions import Reactions
from shared.kit.storage.repository_errors import Gone
from tests.builders.causes import ANNA, NOON, a_cause, later
from tests.builders.events import an_event, react
from tests.builders.fakes import Documents, Memory, Said
from tests.builders.leads import LEAD_ID, LEAD_REF, a_lead, just_created_lead, start
from tests.builders.running import Api, Explained, wrong_fields
from tests.builders.values import a_client, a_phone, an_email, company_ref, contact_ref

PATH = "/settings/leads"
ADMIN = ("admin",)


async def test_each_lead_is_linked_by_hand_until_an_administrator_switches_that(api: Api) -> None:
    """LEAD-05: the setting counts for what comes in from then on, and says who set it."""
    fresh = await api.read(PATH)
    assert (fresh["repeat_leads_enabled"], fresh["repeat_leads_since"], fresh["updated_by"]) == (False, None, None)
    on = await api("PUT", PATH, {"repeat_leads_enabled": True}, roles=ADMIN, if_match=f'"{fresh["version"]}"')
    assert on.status_code == 200, on.text
    assert (on.json()["repeat_leads_enabled"], on.json()["updated_by"]) == (True, "user:anna")
    assert on.json()["repeat_leads_since"] == on.json()["updated_at"]
    assert await api.read(PATH) == on.json()
    again = await api("PUT", PATH, {"repeat_leads_enabled": True}, roles=ADMIN)
    assert (again.json(), again.headers["etag"]) == (on.json(), on.headers["etag"])
    off = await api("PUT", PATH, {"repeat_leads_enabled": False}, roles=ADMIN)
    assert (off.json()["repeat_leads_enabled"], off.json()["repeat_leads_since"]) == (False, None)


async def test_only_an_administrator_sets_the_settings_of_leads(api: Api) -> None:
    """LEAD-05, PERM-05."""
    for role in ("reader", "user"):
        answer = await api("PUT", PATH, {"repeat_leads_enabled": True}, roles=[role])
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert not (await api.read(PATH))["repeat_leads_enabled"]


async def test_whatever_is_wrong_with_settings_is_named(api: Api) -> None:
    """LEAD-05."""
    answer = await api("PUT", PATH, {"repeat_leads_enabled": "yes", "repeat_leads_since": None}, roles=ADMIN)
    assert sorted(wrong_fields(answer)) == ["repeat_leads_enabled", "repeat_leads_since"]
    assert wrong_fields(await api("PUT", PATH, {}, roles=ADMIN)) == ["repeat_leads_enabled"]
    stale = await api("PUT", PATH, {"repeat_leads_enabled": True}, roles=ADMIN, if_match='"99"')
    assert (stale.status_code, stale.json()["code"]) == (412, "version_mismatch")
    assert (await api("GET", f"{PATH}?x=1")).status_code == 422


class Setting:
    """The setting, switched on at some moment, or off."""

    def __init__(self, since: datetime | None = NOON) -> None:
        self._settings = LeadSettings(id="leads", repeat_leads_since=since)

    async def current(self) -> LeadSettings:
        return self._settings


class Earlier:
    """The one lead that was converted before, if any."""

    def __init__(self, lead: Lead | None = None) -> None:
        self.lead = lead
        self.asked = 0

    async def oldest(self, *_: Any, came_before: datetime) -> Lead | None:
        assert came_before == NOON
        self.asked += 1
        return self.lead


def over(
    leads: Memory[Lead] | None = None,
    *,
    setting: Setting | None = None,
    earlier: Earlier | None = None,
    said: Said | None = None,
) -> Reactions:
    return reactions(
        leads=leads or Memory(Lead),
        settings=setting or Setting(),
        earlier_leads=earlier or Earlier(),
        answers=said or Said(),
    )


def came_in(**given: Any) -> LeadCreated:
    fields = {"phones": (a_phone(), a_phone("4711", None)), "emails": (an_email(),), **given}
    return LeadCreated(lead=just_created_lead(**fields).state)


async def test_clients_is_asked_once_whose_phone_and_e_mail_a_new_lead_has() -> None:
    """LEAD-05: what has no normal form is nobody's; a repeat of the event is the same question."""
    said = Said()
    for id_ in ("event-1", "event-1"):
        await react(over(said=said), an_event(came_in(), id_=id_))
    assert said.events == [LeadClientSought(lead=LEAD_REF, came_at=NOON, phones=(a_phone(),), emails=(an_email(),))]
    other = Said()
    await react(over(said=other), an_event(came_in()))
    assert other.envelopes[0].id == said.envelopes[0].id, "another process asks the same"


@pytest.mark.parametrize(
    ("event", "setting"),
    [
        (came_in(), Setting(None)),
        (came_in(), Setting(later(1))),
        (came_in(client=a_client("ada")), Setting()),
        (came_in(converted_elsewhere=True, stage_id="CONVERTED"), Setting()),
        (came_in(phones=(a_phone("4711", None),), emails=()), Setting()),
    ],
    ids=["off", "switched on later", "with a client", "converted elsewhere", "nothing to know anybody by"],
)
async def test_clients_is_not_asked(event: Event, setting: Setting) -> None:
    """LEAD-05: with the setting off it is a normal lead, and so it is where there is nothing to ask."""
    said = Said()
    await react(over(setting=setting, said=said), an_event(event))
    assert said.events == []


def found(client: ElementRef | None = None, *candidates: ElementRef) -> LeadClientFound:
    return LeadClientFound(lead=LEAD_REF, came_at=NOON, client=client, candidates=candidates, phones=(a_phone(),))


async def stored(lead: Lead) -> Memory[Lead]:
    leads = Memory(Lead)
    await leads.add(lead, a_cause("request:0"))
    return leads


async def told(leads: Memory[Lead], event: Event, *, earlier: Earlier | None = None, id_: str = "event-1") -> Lead:
    await react(over(leads, earlier=earlier), an_event(event, id_=id_))
    return await leads.get(LEAD_ID)


@pytest.mark.parametrize("client", [contact_ref(), company_ref()], ids=str)
async def test_a_lead_of_a_known_client_is_a_repeat_lead_once(client: ElementRef) -> None:
    """LEAD-05: however often the answer comes, also after the inbox has turned and a user has unlinked the client."""
    leads = await stored(just_created_lead())
    lead = await told(leads, found(client, contact_ref("bob")))
    assert (lead.is_repeat, lead.client.link_state) == (True, "pending")
    assert [str(ref) for ref in lead.client.refs] == [str(client)]
    assert lead.candidates == (ElementRef(type="contact", id="bob"),)
    assert [type(event) for event in leads.said(LEAD_ID)] == [LeadCreated, LeadClientChanged]
    version = lead.version
    leads.forget_causes(LEAD_ID)
    assert (await told(leads, found(client))).version == version
    await leads.change(LEAD_ID, lambda lead: lead.set_client(Client(), by=ANNA, at=NOON), a_cause("request:2"))
    leads.forget_causes(LEAD_ID)
    assert (await told(leads, found(client), id_="event-2")).client.is_empty


async def test_nobody_who_is_known_leaves_a_normal_lead() -> None:
    """LEAD-05."""
    leads, earlier = await stored(just_created_lead()), Earlier()
    lead = await told(leads, found(), earlier=earlier)
    assert (lead.is_repeat, lead.version, earlier.asked) == (False, 1, 1)


async def test_the_clients_of_a_converted_lead_are_taken_where_no_client_has_the_phone() -> None:
    """LEAD-05: its company and its primary contact; a client who was found goes before them."""
    before = a_lead("lead-0", client=a_client("ada", "bob", company_id="acme"))
    lead = await told(await stored(just_created_lead()), found(), earlier=Earlier(before))
    assert [str(ref) for ref in lead.client.refs] == ["company:acme", "contact:ada"]
    assert lead.is_repeat
    earlier = Earlier(before)
    lead = await told(await stored(just_created_lead()), found(contact_ref("carl")), earlier=earlier)
    assert ([str(ref) for ref in lead.client.refs], earlier.asked) == (["contact:carl"], 0)


def converting() -> Lead:
    lead = just_created_lead()
    start(lead, "contact", "deal")
    return lead


def deleted() -> Lead:
    lead = just_created_lead()
    lead.delete(by=ANNA, at=NOON)
    return lead


@pytest.mark.parametrize(
    "lead",
    [converting(), just_created_lead(client=a_client("carl")), deleted()],
    ids=["being converted", "linked meanwhile", "deleted"],
)
async def test_what_was_made_of_a_lead_meanwhile_stays(lead: Lead) -> None:
    """LEAD-05: a user or a conversion came first."""
    leads = await stored(lead)
    before = dict(leads.documents[LEAD_ID])
    with suppress(Gone):  # as the subscription does, for all reactions
        await react(over(leads), an_event(found(contact_ref())))
    assert leads.documents[LEAD_ID] == before


async def test_converted_leads_are_found_by_the_index_of_what_they_are_searched_by(api: Api) -> None:
    """LEAD-05: the oldest before the new lead; one without a client is none, another extension another phone."""
    explained = Explained(api.database.collection(LEADS))
    leads = Documents(Lead, explained)
    phone, mail = a_phone(), an_email(normalized=f"{uuid4().hex}@acme.example")
    switchboard = a_phone("+49 30 901820 ext. 7")
    rows: list[tuple[str, float, Client, dict[str, Any]]] = [
        ("old", 2, a_client("ada"), {"phones": (phone,)}),
        ("older", 1, a_client("bob"), {"emails": (mail,)}),
        ("oldest", 0, Client(), {"phones": (phone,)}),
        ("of another extension", 0, a_client("dan"), {"phones": (switchboard,)}),
        ("too late", 60, a_client("eve"), {"phones": (phone,)}),
    ]
    for number, (name, minutes, client, points) in enumerate(rows, start=900_001):
        converted = just_created_lead(
            f"{name}-{uuid4().hex}",
            client=client,
            at=later(minutes),
            converted_elsewhere=True,
            stage_id="CONVERTED",
            **points,
        )
        await leads.add(converted.model_copy(update={"number": number}), a_cause(name))
    before = ConvertedLeads(leads)
    one = await before.oldest([phone], [mail], came_before=later(60))
    assert one is not None
    assert one.id.startswith("older-")
    one = await before.oldest([phone], [], came_before=later(60))
    assert one is not None
    assert one.id.startswith("old-")
    assert await before.oldest([], [], came_before=later(60)) is None
    assert all("IXSCAN" in plan.stages and not plan.stages & {"COLLSCAN", "SORT"} for plan in explained.plans)


async def test_the_settings_are_seeded_once(api: Api) -> None:
    """LEAD-05: one document, of a version that only settings raise."""
    assert await api.documents(LeadSettings, LEAD_SETTINGS).collection.count({}) == 1
