"""The part of the clients service that conversions and company links talk to, over a real database."""

import json
from dataclasses import dataclass, field
from typing import Any

from crm_contracts.client_answers import LeadClientRefused, LeadClientResolved
from crm_contracts.conversions import LeadConversionRequested
from crm_contracts.envelope import Event
from crm_contracts.values import ConversionTarget, OnDuplicate

import services.clients.answers.events as answers
import services.clients.conversion.events as conversion
import services.clients.linked_element.events as linked_element
import services.clients.records.events as records
from services.clients.conversion.domain.resolution import Resolution
from services.clients.conversion.store import Claims
from services.clients.conversion.usecases.collaborators import Collaborators
from services.clients.conversion.usecases.resolve import resolve_lead_client
from services.clients.linked_element.store.elements import LinkedElements
from services.clients.linked_element.store.refused_links import RefusedLinks
from services.clients.records.domain.client import Defaults
from services.clients.records.domain.company import Company
from services.clients.records.domain.contact import Contact
from services.clients.records.store.views import ClientViews
from shared.elements.events.reference import reference_reactions
from shared.elements.store.reference import Reference
from shared.elements.store.rights import RightsOfUsers
from shared.kit.domain import Cause
from shared.kit.messaging.reactions import Reactions
from shared.kit.storage.connection import Database
from tests.builders.causes import a_cause
from tests.builders.clients import just_created_company, just_created_contact
from tests.builders.fakes import Counting, Documents, MortalClaims, Power, Said
from tests.builders.leads import a_deal_request, a_question
from tests.builders.values import a_phone, an_email

NUMBERS = Counting()


def phone_of(name: str) -> str:
    return f"+49301{int(name.rpartition('-')[2]):06d}"


def email_of(name: str) -> str:
    return f"{name}@acme.example"


def title_of(name: str) -> str:
    return f"ACME {name} GmbH"


def asking(
    name: str, *client_targets: ConversionTarget, on_duplicate: OnDuplicate = "link", **given: Any
) -> LeadConversionRequested:
    """What a lead of this name asks; its phone, e-mail and company are its own unless given."""
    return a_question(
        *client_targets,
        lead_id=name,
        conversion_id=f"conversion-of-{name}",
        on_duplicate=on_duplicate,
        **{
            "deal": a_deal_request(proposed_deal_id=f"deal-of-{name}"),
            "phones": (a_phone(normalized=phone_of(name)),),
            "emails": (an_email(normalized=email_of(name)),),
            "company_title": title_of(name),
            **given,
        },
    )


@dataclass
class Office:
    """One replica of clients. What it answers without changing anything stands in `answers`."""

    database: Database
    power: Power = field(default_factory=Power)

    def __post_init__(self) -> None:
        self.contacts = Documents(Contact, self.database.collection("contacts"), self.power)
        self.companies = Documents(Company, self.database.collection("companies"), self.power)
        self.resolutions = Documents(Resolution, self.database.collection("resolutions"), self.power)
        self.claims: Claims = MortalClaims(self.database.collection("claims"), self.power)
        self.views = ClientViews(self.contacts, self.companies)
        self.elements = LinkedElements(self.database.collection("elements"))
        self.refused_links = RefusedLinks(self.database.collection("refused_links"))
        self.reference = Reference(self.database.collection("dictionaries"))
        self.rights = RightsOfUsers.open(self.database.collection)
        self.answers = Said()

    def replica(self, *, off_after: int | None = None) -> "Office":
        """Another process on the same database; its power may go off after so many writes."""
        return Office(self.database, Power(off_after=off_after))

    @property
    def collaborators(self) -> Collaborators:
        return Collaborators(
            contacts=self.contacts,
            companies=self.companies,
            resolutions=self.resolutions,
            claims=self.claims,
            views=self.views,
            reference=self.reference,
            numbers=NUMBERS,
            answers=self.answers,
            rights=self.rights,
            defaults=Defaults("EUR"),
        )

    @property
    def reactions(self) -> Reactions:
        """All reactions of the service, in their order; answers stand in `answers`."""
        return [
            *linked_element.reactions(elements=self.elements, refused_links=self.refused_links),
            *answers.reactions(companies=self.companies, views=self.views, answers=self.answers, rights=self.rights),
            *conversion.reactions(collaborators=self.collaborators),
            *records.reactions(contacts=self.contacts, companies=self.companies, views=self.views),
            *reference_reactions(self.reference),
        ]

    async def resolve(self, asked: LeadConversionRequested, cause: Cause | None = None) -> None:
        await resolve_lead_client(asked, cause or a_cause(f"event-of-{asked.lead.id}"), self.collaborators)

    async def resolved(self, asked: LeadConversionRequested) -> LeadClientResolved:
        """The one answer to a question that is answered with results."""
        (answer,) = await self.said(asked)
        assert isinstance(answer, LeadClientResolved)
        return answer

    async def refused(self, asked: LeadConversionRequested) -> LeadClientRefused:
        """The one answer to a question that is refused."""
        (answer,) = await self.said(asked)
        assert isinstance(answer, LeadClientRefused)
        return answer

    async def said(self, asked: LeadConversionRequested) -> list[Event]:
        return await self.resolutions.said(Resolution.id_for(asked))

    async def knows_contact(self, id_: str, name: str | None = None, **fields: Any) -> Contact:
        """Enter a contact, with the phone of the lead of this name if one is given."""
        if name is not None:
            fields = {"phones": (a_phone(normalized=phone_of(name)),), **fields}
        contact = just_created_contact(id_, number=await NUMBERS.next("contact"), **fields)
        return await self.contacts.add(contact, a_cause(f"request:{id_}"))

    async def knows_company(self, id_: str, name: str | None = None, **fields: Any) -> Company:
        """Enter a company, with the e-mail of the lead of this name if one is given."""
        if name is not None:
            fields = {"emails": (an_email(normalized=email_of(name)),), "title": title_of(name), **fields}
        company = just_created_company(id_, number=await NUMBERS.next("company"), **fields)
        return await self.companies.add(company, a_cause(f"request:{id_}"))

    async def everything_about(self, name: str) -> dict[str, Any]:
        """All documents that tell of a lead or have its name in their id, comparable with those of another lead."""
        found: dict[str, Any] = {}
        for collection in ("contacts", "companies", "resolutions", "claims"):
            documents = await self.database.collection(collection).find({})
            texts = [json.dumps(document, default=str, sort_keys=True) for document in documents]
            found[collection] = sorted(
                _nameless(json.loads(text), name) for text in texts if f'{name}"' in text or phone_of(name) in text
            )
        return found


def _nameless(document: dict[str, Any], name: str) -> str:
    """The state and the events of a document, without what differs from lead to lead."""
    for serial in ("_id", "number", "due", "inbox", "created_by_cause", "answered_to", "search"):
        document.pop(serial, None)
    document["outbox"] = [entry["headers"]["ce_type"] for entry in document.get("outbox", [])]
    for requisite in document.get("requisites", []):
        del requisite["id"]
    text = json.dumps(document, sort_keys=True)
    return text.replace(name, "LEAD").replace(phone_of(name), "PHONE")
