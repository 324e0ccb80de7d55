"""Registry of the types of elements: what each is called, which service owns it, and what it has.

A new type of element is one more entry; permissions, samples, checks and the operator's command read them from here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from crm_contracts.companies import CompanyFields, CompanyState
from crm_contracts.contacts import ContactFields, ContactState
from crm_contracts.deals import DealFields, DealState
from crm_contracts.leads import LeadFields, LeadState
from crm_contracts.products import ProductFields, ProductState
from crm_contracts.values import Fields

Trait = Literal["stage", "rows", "client", "requisites"]
"""What a type may have: stages, product rows, a Client field, chosen requisites."""


@dataclass(frozen=True)
class ElementType:
    """One type of element.

    Attributes:
        noun: on the wire, as in `ElementRef.type`.
        plural: in paths, as in `/v1/leads`.
        service: that owns it; its permissions are `<service>:read` and `<service>:write`.
        state: all that may be known of one.
        fields: what its users edit freely.
        has: its traits.
    """

    noun: str
    plural: str
    service: str
    state: type[Fields]
    fields: type[Fields]
    has: frozenset[Trait] = frozenset()


LEAD: Final = ElementType("lead", "leads", "leads", LeadState, LeadFields, frozenset({"stage", "rows", "client"}))
DEAL: Final = ElementType(
    "deal", "deals", "deals", DealState, DealFields, frozenset({"stage", "rows", "client", "requisites"})
)
CONTACT: Final = ElementType("contact", "contacts", "clients", ContactState, ContactFields)
COMPANY: Final = ElementType("company", "companies", "clients", CompanyState, CompanyFields)
PRODUCT: Final = ElementType("product", "products", "catalog", ProductState, ProductFields)

ELEMENTS: Final[Mapping[str, ElementType]] = {each.noun: each for each in (LEAD, DEAL, CONTACT, COMPANY, PRODUCT)}
"""Every type by its noun."""

NOUNS: Final = (*ELEMENTS, "dictionary", "role", "department", "pipeline", "settings")
"""What `ElementRef.type` may be today: also of what has a timeline but no entry of its own.

On the wire a type is any text: readers must bear one that they do not know.
"""
