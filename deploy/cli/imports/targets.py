"""The types of elements that can be imported: their services, and their addresses by origin."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Literal

from crm_contracts.elements import COMPANY, CONTACT, DEAL, LEAD, PRODUCT, ElementType

from deploy.cli.answers import Problem
from deploy.cli.client import Crm, address
from deploy.cli.imports.table import BadRow, Wrong


class Kind(StrEnum):
    """What a file holds."""

    COMPANIES = COMPANY.plural
    CONTACTS = CONTACT.plural
    PRODUCTS = PRODUCT.plural
    LEADS = LEAD.plural
    DEALS = DEAL.plural


@dataclass(frozen=True)
class Target:
    """A type of element that is imported.

    Attributes:
        names: the fields of which a new one needs one as its name.
        has_phones: whether a request says the country of phones without a code.
        takes_any_point: whether a new one takes texts that are no phone or e-mail.
    """

    element: ElementType
    names: tuple[str, ...] = ()
    has_phones: bool = True
    takes_any_point: bool = False

    @property
    def path(self) -> str:
        """Where many of them are sent."""
        return f"/v1/{self.element.plural}/batch"


TARGETS: Final = {
    Kind.COMPANIES: Target(COMPANY, ("title",)),
    Kind.CONTACTS: Target(CONTACT, ("first_name", "last_name")),
    Kind.PRODUCTS: Target(PRODUCT, ("name",), has_phones=False),
    Kind.LEADS: Target(LEAD, takes_any_point=True),
    Kind.DEALS: Target(DEAL, has_phones=False, takes_any_point=True),
}


_IDENTITY: Final = frozenset({"id", "originator_id", "origin_id"})


def addressable(origin: str) -> bool:
    """Return whether an address can name the record: servers resolve dots, and decode a slash to one."""
    return origin not in {".", ".."} and "/" not in origin


async def fields_of(crm: Crm, kind: Kind) -> dict[str, Any]:
    """Read the fields that the service accepts, and the JSON Schema of each, from its API description.

    The company of a contact is added to them; id and origin are left out, since an import gives them itself.
    """
    target = TARGETS[kind]
    described = await crm.get(target.element.service, "/openapi.json")
    schemas = described["components"]["schemas"]
    batch = described["paths"][target.path]["post"]["requestBody"]["content"]["application/json"]["schema"]
    item = _named(schemas, _named(schemas, batch)["properties"]["items"]["items"])
    employer: dict[str, Any] = {"company_id": {}} if kind is Kind.CONTACTS else {}
    return {name: field for name, field in item["properties"].items() if name not in _IDENTITY} | employer


def _named(schemas: Mapping[str, Any], reference: Mapping[str, str]) -> Mapping[str, Any]:
    """Find the JSON Schema that a reference names."""
    found: Mapping[str, Any] = schemas[reference["$ref"].rpartition("/")[2]]
    return found


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


async def client(crm: Crm, type_: ElementType, originator: str, origin: str) -> dict[str, Any] | None:
    """Read the company or contact of this origin, or the one that it was merged into, or None."""
    if not addressable(origin):
        return None
    path = address(type_.plural, "external", originator, origin)
    while True:
        try:
            found: dict[str, Any] = await crm.get("clients", path)
        except Problem as problem:
            if problem.status != 404:  # noqa: PLR2004
                raise
            if "merged_into" not in problem.body:
                return None
            path = address(type_.plural, str(problem.body["merged_into"]))
        else:
            return found


def has_format(schema: dict[str, Any], format_: Literal["date", "date-time"]) -> bool:
    """Return whether a field of this JSON Schema is a date, or a moment."""
    return any(one.get("format") == format_ for one in (schema, *schema.get("anyOf", ())))


def is_only(schema: dict[str, Any], type_: str) -> bool:
    """Return whether a field of this JSON Schema has this type alone, or null."""
    return {one.get("type") for one in schema.get("anyOf", (schema,))} - {"null"} == {type_}
