"""The types of elements that can be imported: their services, and their addresses by origin."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from crm_contracts.elements import COMPANY, CONTACT, LEAD, PRODUCT, ElementType

from deploy.cli.answers import Problem
from deploy.cli.client import Crm, address


class Kind(StrEnum):
    """What a file holds."""

    COMPANIES = COMPANY.plural
    CONTACTS = CONTACT.plural
    PRODUCTS = PRODUCT.plural
    LEADS = LEAD.plural


@dataclass(frozen=True)
class Target:
    """A type of element, and the key of its address by origin."""

    element: ElementType
    key: str = "{originator}/{origin}"

    @property
    def template(self) -> str:
        """The path of the upsert in the service's API description."""
        return f"/v1/{self.element.plural}/external/{self.key}"

    def path(self, originator: str, origin: str) -> str:
        """Return the address of the record of this origin."""
        known = {"{originator}": originator, "{origin}": origin, "{external_id}": origin}
        return address(self.element.plural, "external", *(known[part] for part in self.key.split("/")))


TARGETS: Final = {
    Kind.COMPANIES: Target(COMPANY),
    Kind.CONTACTS: Target(CONTACT),
    Kind.PRODUCTS: Target(PRODUCT, "{external_id}"),
    Kind.LEADS: Target(LEAD),
}


def addressable(origin: str) -> bool:
    """Return whether an address can name the record: servers resolve dots, and decode a slash to one."""
    return origin not in {".", ".."} and "/" not in origin


async def fields_of(crm: Crm, kind: Kind) -> dict[str, Any]:
    """Read the fields that the service accepts, and the JSON Schema of each, from its API description.

    The company of a contact is added to them: it is linked after the upsert.
    """
    target = TARGETS[kind]
    described = await crm.get(target.element.service, "/openapi.json")
    content = described["paths"][target.template]["put"]["requestBody"]["content"]["application/json"]["schema"]
    schema = described["components"]["schemas"][content["$ref"].rpartition("/")[2]]
    afterwards: dict[str, Any] = {"company_id": {}} if kind is Kind.CONTACTS else {}
    return {**schema["properties"], **afterwards}


async def last_updates(crm: Crm, kind: Kind, originator: str) -> AsyncIterator[tuple[str, str]]:
    """Yield the origin of each record of the originator that exists, and when it was last changed."""
    async for item in crm.pages(TARGETS[kind].element.service, address(kind.value), originator_id=originator):
        yield item["origin_id"], item["updated_at"]


async def product(crm: Crm, external_id: str) -> dict[str, Any] | None:
    """Read the product of this external id, or None."""
    if not addressable(external_id):
        return None
    try:
        found: dict[str, Any] = await crm.get("catalog", address("products", "by-external-id", external_id))
    except Problem as problem:
        if problem.status == 404:  # noqa: PLR2004
            return None
        raise
    return found


async def company(crm: Crm, originator: str, origin: str) -> dict[str, Any] | None:
    """Read the company of this origin, or the one that it was merged into, or None."""
    if not addressable(origin):
        return None
    path = address("companies", "external", originator, origin)
    while True:
        try:
            found: dict[str, Any] = await crm.get("clients", path)
        except Problem as problem:
            if problem.status != 404:  # noqa: PLR2004
                raise
            if "merged_into" not in problem.body:
                return None
            path = address("companies", str(problem.body["merged_into"]))
        else:
            return found


async def link(crm: Crm, contact: dict[str, Any], company_id: str) -> dict[str, Any]:
    """Link the contact to this company, unless it is linked, and return the contact."""
    if any(link["company_id"] == company_id for link in contact["companies"]):
        return contact
    answer = await crm.put("clients", address("contacts", contact["id"], "companies", company_id), {})
    found: dict[str, Any] = answer.body
    return found


def is_date(schema: dict[str, Any]) -> bool:
    """Return whether a field of this JSON Schema is a date."""
    return any(one.get("format") == "date" for one in (schema, *schema.get("anyOf", ())))
