"""Clients that a caller may not read, in leads and deals that link them: without a name, and not to be linked anew."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from crm_contracts.companies import CompanyCreated
from crm_contracts.contacts import ContactCreated
from crm_contracts.elements import DEAL, ELEMENTS, LEAD
from crm_contracts.roles import Right, RoleCreated, RoleState

from deploy.local.mongo import Mongo
from services.deals.app import build as deals
from services.leads.app import build as leads
from shared.elements.events.client_names import client_name_reactions
from shared.elements.store.client_names import ClientNames
from shared.elements.store.rights import RightsOfUsers
from tests.builders.clients import a_company, a_contact
from tests.builders.events import an_event, react
from tests.builders.running import Api, running

SELLER: Final = "seller"
EVERYTHING: Final = {"read": "all", "add": "all", "update": "all", "import": "all"}
OWN: Final = {"read": "own", "update": "own", "add": "own"}
RIGHTS: Final = (
    Right(element="*", levels=EVERYTHING),
    *(Right(element=noun, levels=OWN) for noun in ("contact", "company")),
)
BUILD: Final = {"leads": leads, "deals": deals}


@dataclass(frozen=True)
class Sales:
    """A service that links clients, one of them ben's, who alone is responsible for it."""

    api: Api
    plural: str

    async def knows(self, kind: str, responsible_id: str, title: str) -> str:
        """Tell the service of a client; its id."""
        id_, fields = f"{kind}-{uuid4().hex[:8]}", {"responsible_id": responsible_id, "open_to_all": False}
        data: ContactCreated | CompanyCreated = (
            ContactCreated(contact=a_contact(id_, first_name="", last_name=title, **fields).state)
            if kind == "contact"
            else CompanyCreated(company=a_company(id_, title=title, **fields).state)
        )
        await react(client_name_reactions(self.names), an_event(data, id_=id_, subject=id_))
        return id_

    @property
    def names(self) -> ClientNames:
        return ClientNames(self.api.database.collection("client_names"))

    async def seller(self, method: str, path: str, body: Any = None, **headers: Any) -> httpx.Response:
        """A request of anna's by the role alone."""
        return await self.api(method, f"/{self.plural}{path}", body, roles=[SELLER], **headers)

    async def linking(self, *contacts: str, company: str | None = None) -> dict[str, Any]:
        """An element that links them, entered by one whom no role restricts."""
        links = {"contacts": [{"contact_id": each} for each in contacts], "company_id": company}
        answer = await self.api("POST", f"/{self.plural}", links)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made


@pytest_asyncio.fixture(scope="module", loop_scope="session", params=[LEAD.noun, DEAL.noun])
async def sales(
    request: pytest.FixtureRequest, mongo: Mongo, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Sales]:
    service = ELEMENTS[request.param].service
    async with running(service, BUILD[service], mongo, tmp_path_factory.mktemp(service)) as api:
        role = RoleCreated(role=RoleState(id=SELLER, rights=RIGHTS))
        await RightsOfUsers.open(api.database.collection).apply(an_event(role, subject=SELLER))
        yield Sales(api, ELEMENTS[request.param].plural)


def titles(element: dict[str, Any]) -> list[str | None]:
    client = element["client"]
    company = [client["company"]["title"]] if client["company"] else []
    return company + [link["title"] for link in client["contacts"]]


async def test_a_client_that_may_not_be_read_is_shown_without_its_name(sales: Sales) -> None:
    """CLI-01, PERM-01: its id stays, in every answer; whom no role restricts is shown all names."""
    his, hers = await sales.knows("contact", "ben", "Hidden"), await sales.knows("contact", "anna", "Ada")
    firm = await sales.knows("company", "ben", "Hidden AG")
    made = await sales.linking(his, hers, company=firm)
    path = f"/{made['id']}"
    read = await sales.seller("GET", path)
    listed = (await sales.seller("GET", f"?company_id={firm}")).json()["items"]
    found = await sales.seller("POST", "/query", {"filter": {"company_id": firm}})
    for shown in (read.json(), *listed, *found.json()["items"]):
        assert titles(shown) == [None, None, "Ada"]
        assert shown["client"]["company"]["id"] == firm
        assert [link["contact_id"] for link in shown["client"]["contacts"]] == [his, hers]
    assert len(listed) == len(found.json()["items"]) == 1
    assert "Hidden" not in read.text
    everything = await sales.api("GET", f"/{sales.plural}{path}")
    assert titles(everything.json()) == ["Hidden AG", "Hidden", "Ada"]
    assert everything.headers["etag"] != read.headers["etag"]


async def test_of_whom_nothing_was_told_the_name_is_shown_to_those_alone_whom_no_role_restricts(sales: Sales) -> None:
    """PERM-08: as in an installation whose view has names alone until it is filled."""
    id_ = f"old-{uuid4().hex[:8]}"
    await sales.api.database.collection("client_names").insert({"_id": f"contact:{id_}", "title": "Old", "sequence": 3})
    made = await sales.linking(id_)
    assert titles((await sales.seller("GET", f"/{made['id']}")).json()) == [None]
    assert titles(await sales.api.read(f"/{sales.plural}/{made['id']}")) == ["Old"]
    told = ContactCreated(contact=a_contact(id_, responsible_id="anna", last_name="Older").state)
    await react(client_name_reactions(sales.names), an_event(told, id_=id_, subject=id_))
    assert titles((await sales.seller("GET", f"/{made['id']}")).json()) == ["Old"]


def refused(answer: httpx.Response | dict[str, Any]) -> list[tuple[str, str]]:
    """Field and code of everything that a refusal names."""
    problem = answer.json() if isinstance(answer, httpx.Response) else answer
    assert problem["status"] == 409, problem
    assert "Hidden" not in str(problem)
    return [(each["field"], each["code"]) for each in problem["errors"]]


async def test_a_client_that_may_not_be_read_is_not_linked(sales: Sales) -> None:
    """CLI-02, CLI-07, PERM-01: refused as one that there is not, on every route of an element that there is."""
    his, firm = await sales.knows("contact", "ben", "Hidden"), await sales.knows("company", "ben", "Hidden AG")
    made = await sales.linking()
    path, link = f"/{made['id']}", {"contact_id": his}
    contact, company = ("contacts.0.contact_id", "contact_not_found"), ("company_id", "company_not_found")
    both = {"company_id": firm, "contacts": [link]}
    for method, where, body, fields in (
        ("PUT", f"{path}/client", both, [company, contact]),
        ("PATCH", path, both, [company, contact]),
        ("PUT", f"{path}/contacts", [link], [("0.contact_id", "contact_not_found")]),
        ("POST", f"{path}/contacts", link, [("contact_id", "contact_not_found")]),
    ):
        assert refused(await sales.seller(method, where, body)) == fields, where
    assert (await sales.api.read(f"/{sales.plural}{path}"))["version"] == made["version"]
    assert (await sales.seller("PUT", f"/absent-{uuid4()}/client", both)).status_code == 404


async def test_a_new_element_links_no_client_that_its_author_may_not_read(sales: Sales) -> None:
    """CLI-02, PERM-01: by whichever route it is created."""
    his, firm = await sales.knows("contact", "ben", "Hidden"), await sales.knows("company", "ben", "Hidden AG")
    body = {"company_id": firm, "contacts": [{"contact_id": his}]}
    named = [("company_id", "company_not_found"), ("contacts.0.contact_id", "contact_not_found")]
    assert refused(await sales.seller("POST", "", body)) == named
    assert refused(await sales.seller("PUT", f"/external/shop/{uuid4()}", body)) == named
    (result,) = (await sales.seller("POST", "/batch", {"items": [body]})).json()["items"]
    assert refused(result["problem"]) == named
    assert (await sales.seller("GET", f"?company_id={firm}")).json()["items"] == []


async def test_what_is_linked_already_stays_and_what_is_not_known_here_is_asked_for(sales: Sales) -> None:
    """CLI-06: the list may be sent back as it was shown."""
    his, hers = await sales.knows("contact", "ben", "Hidden"), await sales.knows("contact", "anna", "Ada")
    made = await sales.linking(his)
    links = [{"contact_id": each} for each in (his, hers, f"unheard-{uuid4()}")]
    kept = await sales.seller("PUT", f"/{made['id']}/contacts", links)
    assert kept.status_code == 202, kept.text
    assert titles(kept.json()) == [None, "Ada", None]


@pytest.mark.parametrize("sales", [LEAD.noun], indirect=True)
async def test_a_lead_is_converted_for_no_client_that_the_caller_may_not_read(sales: Sales) -> None:
    """LEAD-11, PERM-01."""
    his, firm = await sales.knows("contact", "ben", "Hidden"), await sales.knows("company", "ben", "Hidden AG")
    made = await sales.api.made("/leads", {"last_name": "Berg"})
    for type_, id_ in (("contact", his), ("company", firm)):
        terms = {"targets": [type_, "deal"], f"{type_}_id": id_}
        answer = await sales.seller("POST", f"/{made['id']}/conversion", terms)
        assert refused(answer) == [(f"{type_}_id", f"{type_}_not_found")]
    assert (await sales.api.read(f"/leads/{made['id']}"))["version"] == made["version"]
