"""An element chose requisites, and is told whether they are those of its client, and ours (REQ-05)."""

from dataclasses import replace
from itertools import count
from typing import Any

import pytest
from crm_contracts.client_answers import ElementRequisitesConfirmed, ElementRequisitesRefused
from crm_contracts.deals import DealRequisitesChosen
from crm_contracts.envelope import Event
from crm_contracts.requisites import BankDetail, Requisite, RequisiteLink
from crm_contracts.roles import Level, Right
from crm_contracts.values import ElementRef

from services.clients.records.domain.company import Company
from services.clients.records.domain.contact import Contact
from services.clients.records.store.views import ClientViews
from services.clients.records.usecases.merge import finish_merge, merge_clients
from shared.kit.domain import NotYet
from shared.kit.storage.repository import Repository
from tests.builders.causes import a_cause
from tests.builders.events import an_event, react
from tests.builders.fakes import Documents, PowerCut, Said
from tests.builders.running import Explained
from tests.builders.values import deal_ref
from tests.clients.office import Office
from tests.clients.roles import keep_role

SERIAL = count(1)


def requisite(id_: str, *, active: bool = True, bank_active: bool = True) -> Requisite:
    """With one bank detail, whose id follows from its own."""
    name, _, serial = id_.partition("-choice")
    account = BankDetail(id=f"{name}-bank-choice{serial}", name="Main account", active=bank_active)
    return Requisite(id=id_, name="Office", preset_id=None, active=active, bank_details=(account,))


class Scene:
    """A client of two, and a company of ours, each with requisites of their own."""

    def __init__(self, office: Office) -> None:
        self.office, self.serial = office, f"choice-{next(SERIAL)}"

    def id(self, name: str) -> str:
        return f"{name}-{self.serial}"

    async def opened(self) -> "Scene":
        acme = await self.office.knows_company(self.id("acme"))
        ada = await self.office.knows_contact(self.id("ada"))
        await self.office.knows_company(self.id("seller"), is_my_company=True)
        self.clients: tuple[ElementRef, ...] = (acme.ref, ada.ref)
        companies, contacts = self.office.companies, self.office.contacts
        await self.has(companies, "acme", requisite(self.id("r-acme")))
        await self.has(companies, "acme", requisite(self.id("old"), active=False))
        await self.has(companies, "acme", requisite(self.id("closed"), bank_active=False))
        await self.has(contacts, "ada", requisite(self.id("r-ada")))
        await self.has(companies, "seller", requisite(self.id("r-seller")))
        await self.has(companies, "seller", requisite(self.id("our-old"), active=False))
        return self

    async def has(self, owners: Repository[Any], name: str, given: Requisite) -> None:
        await owners.change(
            self.id(name),
            lambda owner: owner.add_requisite(given, key="1", by="user:anna", at=a_cause().at),
            a_cause(given.id),
        )

    async def asks(self, **names: str) -> list[Event]:
        return await self.hears(self.choice(**names), Said())

    def choice(self, **names: str) -> RequisiteLink:
        return RequisiteLink(
            choice_no=3, state="pending", **{f"{which}_id": self.id(name) for which, name in names.items()}
        )

    async def hears(
        self,
        link: RequisiteLink,
        said: Said,
        event_id: str = "event-1",
        *,
        before: RequisiteLink = RequisiteLink(),  # noqa: B008 - it never changes
        roles: tuple[str, ...] = (),
    ) -> list[Event]:
        event = DealRequisitesChosen(deal=deal_ref(), before=before, after=link, clients=self.clients)
        replica = self.office.replica()
        replica.answers = said
        asked = replace(an_event(event, id_=event_id), actor_roles=roles)
        await react(replica.reactions, asked)
        return said.events


@pytest.fixture
async def scene(office: Office) -> Scene:
    return await Scene(office).opened()


FITS = ElementRequisitesConfirmed(element=deal_ref(), choice_no=3)


def refused(name: str, why: str) -> ElementRequisitesRefused:
    return ElementRequisitesRefused(element=deal_ref(), choice_no=3, code=f"{name}_{why}", field=f"{name}_id")


@pytest.mark.parametrize(
    "chosen",
    [
        {"requisite": "r-acme"},
        {"requisite": "r-acme", "bank_detail": "r-acme-bank"},
        {"requisite": "r-ada", "mc_requisite": "r-seller"},
        {"requisite": "closed"},
        {"mc_requisite": "r-seller", "mc_bank_detail": "r-seller-bank"},
    ],
    ids=str,
)
async def test_requisites_of_the_client_and_of_ours_fit(scene: Scene, chosen: dict[str, str]) -> None:
    """REQ-05."""
    assert await scene.asks(**chosen) == [FITS]


@pytest.mark.parametrize(
    ("chosen", "wrong", "why"),
    [
        ({"requisite": "nothing"}, "requisite", "not_found"),
        ({"requisite": "old"}, "requisite", "not_active"),
        ({"requisite": "r-seller"}, "requisite", "not_found"),
        ({"requisite": "r-acme", "bank_detail": "nothing"}, "bank_detail", "not_found"),
        ({"requisite": "r-ada", "bank_detail": "r-acme-bank"}, "bank_detail", "not_found"),
        ({"requisite": "closed", "bank_detail": "closed-bank"}, "bank_detail", "not_active"),
        ({"requisite": "r-acme", "mc_requisite": "nothing"}, "mc_requisite", "not_found"),
        ({"mc_requisite": "r-acme"}, "mc_requisite", "not_found"),
        ({"mc_requisite": "our-old"}, "mc_requisite", "not_active"),
        ({"mc_requisite": "r-seller", "mc_bank_detail": "r-acme-bank"}, "mc_bank_detail", "not_found"),
        ({"requisite": "old", "mc_requisite": "nothing"}, "requisite", "not_active"),
    ],
    ids=str,
)
async def test_the_id_that_cannot_be_chosen_is_named(
    scene: Scene, chosen: dict[str, str], wrong: str, why: str
) -> None:
    """REQ-05."""
    assert await scene.asks(**chosen) == [refused(wrong, why)]


@pytest.mark.parametrize(("level", "answer"), [("none", refused("mc_requisite", "not_found")), ("own", FITS)])
async def test_requisites_of_a_seller_whom_the_user_may_not_read_are_as_ones_that_there_never_were(
    scene: Scene, level: Level, answer: Event
) -> None:
    """PERM-08, REQ-05: also when they are asked for again; the seller is her own."""
    roles = (await keep_role(scene.office.database, Right(element="company", levels={"read": level})),)
    said, link = Said(), scene.choice(mc_requisite="r-seller")
    assert await scene.hears(link, said, roles=roles) == [answer]
    assert await scene.hears(link, said, roles=roles) == [answer], "asked again, it is the same answer"
    waiting = link.model_copy(update={"choice_no": 2})
    assert await scene.hears(link, Said(), before=waiting, roles=roles) == [answer]


async def test_a_seller_who_was_confirmed_before_stays_with_a_user_who_may_not_read_him(scene: Scene) -> None:
    """PERM-08, REQ-05: as a client that is linked."""
    roles = (await keep_role(scene.office.database, Right(element="company", levels={"read": "none"})),)
    before = scene.choice(mc_requisite="r-seller").model_copy(update={"choice_no": 2, "state": "done"})
    link = scene.choice(requisite="r-acme", mc_requisite="r-seller")
    assert await scene.hears(link, Said(), before=before, roles=roles) == [FITS]


async def test_who_is_no_client_of_the_deal_or_is_gone_has_no_requisites_for_it(scene: Scene) -> None:
    """REQ-05, COMP-10."""
    acme, ada = scene.clients
    scene.clients = (ada,)
    assert await scene.asks(requisite="r-acme") == [refused("requisite", "not_found")]
    scene.clients = (acme, ada)
    gone = a_cause("gone")
    await scene.office.contacts.change(ada.id, lambda contact: contact.delete(by=gone.actor, at=gone.at), gone)
    assert await scene.asks(requisite="r-ada") == [refused("requisite", "not_found")]


async def test_the_survivor_of_a_merge_has_the_requisites_of_those_who_were_merged(scene: Scene) -> None:
    """REQ-05, DUP-02: also when the deal has not heard of it, and however often they were merged."""
    contacts = scene.office.contacts
    for survivor, other in (("bob", "ada"), ("eve", "bob")):
        await scene.office.knows_contact(scene.id(survivor))
        await merge_clients(scene.id(survivor), [scene.id(other)], {}, a_cause(scene.id(other)), owners=contacts)
    assert await scene.asks(requisite="r-ada") == [FITS]


async def test_while_a_merge_is_bringing_the_requisites_nothing_is_said(scene: Scene) -> None:
    """REQ-05, DUP-02: neither to who links the other one still nor to who links the survivor already."""
    bob = await scene.office.knows_contact(scene.id("bob"))
    acme, ada = scene.clients
    dying = scene.office.replica(off_after=2).contacts
    with pytest.raises(PowerCut):
        await merge_clients(bob.id, [ada.id], {}, a_cause(scene.serial), owners=dying)
    halfway = await scene.office.contacts.get(bob.id)
    assert halfway.merging is not None
    for client in (ada, bob.ref):
        scene.clients, said = (acme, client), Said()
        with pytest.raises(NotYet):
            await scene.hears(scene.choice(requisite="r-ada"), said)
        assert (said.events, await scene.asks(requisite="nothing")) == ([], [refused("requisite", "not_found")])
    await finish_merge(bob.id, halfway.merging.id, a_cause("recovery"), owners=scene.office.contacts)
    assert await scene.asks(requisite="r-ada") == [FITS]


async def test_who_asks_nothing_gets_no_answer(scene: Scene) -> None:
    """REQ-05."""
    pending = RequisiteLink(requisite_id=scene.id("r-acme"), choice_no=3, state="pending")
    for state in ("none", "done", "refused"):
        assert await scene.hears(pending.model_copy(update={"state": state}), Said()) == []


async def test_the_same_question_has_one_answer_however_often_it_comes(scene: Scene) -> None:
    """REQ-05: and nothing is changed by it."""
    before = await scene.office.companies.get(scene.id("acme"))
    said = Said()
    for event_id in ("event-1", "event-1", "event-2"):
        await scene.hears(scene.choice(requisite="r-acme"), said, event_id)
    first, other = (envelope.id for envelope in said.envelopes)
    assert first != other
    assert (said.envelopes[0].subject, said.envelopes[0].sequence) == (deal_ref().id, None)
    assert await scene.office.companies.get(scene.id("acme")) == before


async def test_whose_requisites_they_are_is_found_by_an_index(office: Office, scene: Scene) -> None:
    """REQ-05."""
    contacts, companies = (Explained(repository.collection) for repository in (office.contacts, office.companies))
    views = ClientViews(Documents(Contact, contacts), Documents(Company, companies))
    assert [company.id for company in await views.sellers_with(scene.id("r-seller"))] == [scene.id("seller")]
    assert {owner.id for owner in await views.current_clients(scene.clients)} == {ref.id for ref in scene.clients}
    contacts.assert_served_by_indexes()
    companies.assert_served_by_indexes()
