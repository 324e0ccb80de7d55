"""What differs between companies, contacts, products and leads: where they go, and how they are found again."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from deploy.cli.answers import Problem
from deploy.cli.client import Crm, address
from deploy.cli.pool import each

Changed = str | None
"""When the record was last changed by somebody, as its service says it; None where it is not there."""


class Kind(StrEnum):
    """What a file holds."""

    COMPANIES = "companies"
    CONTACTS = "contacts"
    PRODUCTS = "products"
    LEADS = "leads"


@dataclass(frozen=True)
class Target:
    """The service of a kind, and its address of a record by origin."""

    service: str
    upsert: str

    def path(self, originator: str, origin: str) -> str:
        """Where the record of this origin is put."""
        known = {"{originator}": originator, "{origin}": origin, "{external_id}": origin}
        return address(*(known.get(part, part) for part in self.upsert.removeprefix("/v1/").split("/")))


TARGETS: Final = {
    Kind.COMPANIES: Target("clients", "/v1/companies/external/{originator}/{origin}"),
    Kind.CONTACTS: Target("clients", "/v1/contacts/external/{originator}/{origin}"),
    Kind.PRODUCTS: Target("catalog", "/v1/products/external/{external_id}"),
    Kind.LEADS: Target("leads", "/v1/leads/external/{originator}/{origin}"),
}


async def fields_of(crm: Crm, kind: Kind) -> dict[str, Any]:
    """The fields that the service takes and the JSON Schema of each, from its own API description.

    The company of a contact is none of them for the service: it is linked afterwards.
    """
    target = TARGETS[kind]
    described = await crm.get(target.service, "/openapi.json")
    content = described["paths"][target.upsert]["put"]["requestBody"]["content"]["application/json"]["schema"]
    schema = described["components"]["schemas"][content["$ref"].rpartition("/")[2]]
    afterwards: dict[str, Any] = {"company_id": {}} if kind is Kind.CONTACTS else {}
    return {**schema["properties"], **afterwards}


async def changed_before(
    crm: Crm, kind: Kind, originator: str, origins: list[str], parallel: int
) -> dict[str, Changed]:
    """When each record that is there already was last changed, by origin."""
    if kind is Kind.PRODUCTS:
        found = await each(origins, lambda origin: product(crm, origin), parallel=parallel)
        return {there["external_id"]: there["updated_at"] for there in found if there}
    plural = address(kind.value)
    there = crm.pages(TARGETS[kind].service, plural, originator_id=originator)
    return {item["origin_id"]: item["updated_at"] async for item in there}


async def product(crm: Crm, external_id: str) -> dict[str, Any] | None:
    """The product of this external id, or None."""
    try:
        found: dict[str, Any] = await crm.get("catalog", address("products", "by-external-id", external_id))
    except Problem as problem:
        if problem.status == 404:  # noqa: PLR2004
            return None
        raise
    return found


async def company(crm: Crm, originator: str, origin: str) -> dict[str, Any] | None:
    """The company of this origin, or the one that it was merged into, or None."""
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


async def linked(crm: Crm, contact: dict[str, Any], company_id: str) -> dict[str, Any]:
    """The contact with this company among its companies."""
    if any(link["company_id"] == company_id for link in contact["companies"]):
        return contact
    answer = await crm.put("clients", address("contacts", contact["id"], "companies", company_id), {})
    found: dict[str, Any] = answer.body
    return found
