"""The types of elements that can be imported: their services, and their addresses by origin."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from crm_contracts.elements import COMPANY, CONTACT, LEAD, PRODUCT, ElementType

from deploy.cli.answers import Problem
from deploy.cli.client import Crm, address
from deploy.cli.imports.table import BadRow, Wrong


class Kind(StrEnum):
    """What a file holds."""

    COMPANIES = COMPANY.plural
    CONTACTS = CONTACT.plural
    PRODUCTS = PRODUCT.plural
    LEADS = LEAD.plural


@dataclass(frozen=True)
class Target:
    """A type of element that is imported.

    Attributes:
        names: the fields of which a new one needs one as its name.
        key: of its address by origin.
        takes_any_point: whether a new one takes texts that are no phone or e-mail.
    """

    element: ElementType
    names: tuple[str, ...] = ()
    key: str = "{originator}/{origin}"
    takes_any_point: bool = False

    @property
    def template(self) -> str:
        """The path of the upsert in the service's API description."""
        return f"/v1/{self.element.plural}/external/{self.key}"


TARGETS: Final = {
    Kind.COMPANIES: Target(COMPANY, ("title",)),
    Kind.CONTACTS: Target(CONTACT, ("first_name", "last_name")),
    Kind.PRODUCTS: Target(PRODUCT, ("name",), "{external_id}"),
    Kind.LEADS: Target(LEAD, takes_any_point=True),
}


def addressable(origin: str) -> bool:
    """Return whether an address can name the record: servers resolve dots, and decode a slash to one."""
    return origin not in {".", ".."} and "/" not in origin


async def fields_of(crm: Crm, kind: Kind) -> dict[str, Any]:
    """Read the fields that the service accepts, and the JSON Schema of each, from its API description.

    The companies of a contact are added to them.
    """
    target = TARGETS[kind]
    described = await crm.get(target.element.service, "/openapi.json")
    content = described["paths"][target.template]["put"]["requestBody"]["content"]["application/json"]["schema"]
    schema = described["components"]["schemas"][content["$ref"].rpartition("/")[2]]
    employers: dict[str, Any] = {"company_id": {}, "company_ids": {}} if kind is Kind.CONTACTS else {}
    return {**schema["properties"], **employers}


def identified(kind: Kind, originator: str, origin: str, made: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body of a row as an item of a batch: with its origin, and the company of a contact as its employer.

    Raises:
        BadRow: the row has an external id that is not its origin.
    """
    if kind is Kind.PRODUCTS:
        if made.get("external_id", origin) != origin:
            text = f"external_id: {made['external_id']!r} is not {origin!r}"
            raise BadRow(Wrong("external_id", "other_origin", text))
        return {**made, "external_id": origin}
    item = {**made, "originator_id": originator, "origin_id": origin}
    if kind is Kind.CONTACTS and "company_id" in item:
        item["company_ids"] = [item.pop("company_id")]
    return item


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


def is_date(schema: dict[str, Any]) -> bool:
    """Return whether a field of this JSON Schema is a date."""
    return any(one.get("format") == "date" for one in (schema, *schema.get("anyOf", ())))


def is_only(schema: dict[str, Any], type_: str) -> bool:
    """Return whether a field of this JSON Schema has this type alone, or null."""
    return {one.get("type") for one in schema.get("anyOf", (schema,))} - {"null"} == {type_}
