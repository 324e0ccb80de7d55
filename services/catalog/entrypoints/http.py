"""The catalog API."""

from functools import partial
from typing import Annotated

from crm_contracts.dictionaries import DictionaryValue
from fastapi import APIRouter, Response

from services.catalog.adapters.mongo import ProductViews
from services.catalog.domain.dictionary import Dictionary
from services.catalog.domain.product import Product
from services.catalog.domain.seeds import SEEDS
from services.catalog.entrypoints.schemas import (
    DictionaryOut,
    ExternalId,
    ProductFieldsIn,
    ProductIn,
    ProductOut,
    ValueFieldsIn,
    ValueIn,
)
from services.catalog.usecases.add_dictionary_value import add_dictionary_value
from services.catalog.usecases.change_dictionary_value import change_dictionary_value
from services.catalog.usecases.correct_product import correct_product
from services.catalog.usecases.create_product import create_product
from services.catalog.usecases.delete_dictionary_value import delete_dictionary_value
from services.catalog.usecases.upsert_product import upsert_product
from shared.elements.schemas.scalars import Code
from shared.kit.domain import NotFound
from shared.kit.storage.mongo_repository import MongoRepository
from shared.kit.storage.numbers import Numbers
from shared.kit.web.call import Call, etag, reads, writes
from shared.kit.web.routes import router
from shared.kit.web.schemas import Limit, Page, cursor_of

CanRead = Annotated[Call, reads("catalog:read")]
CanWrite = Annotated[Call, writes("catalog:write")]
Ruling = Annotated[Call, writes("catalog:admin")]
ProductCursor = Annotated[str | None, cursor_of("products")]


def build_router(
    *,
    products: MongoRepository[Product],
    views: ProductViews,
    dictionaries: MongoRepository[Dictionary],
    numbers: Numbers,
) -> APIRouter:
    """The endpoints, over these collaborators."""
    api = router()
    api.include_router(_products(products, views, numbers))
    api.include_router(_dictionaries(dictionaries))
    return api


def _products(products: MongoRepository[Product], views: ProductViews, numbers: Numbers) -> APIRouter:
    api = APIRouter(tags=["products"], route_class=router().route_class)
    create = partial(create_product, products=products, numbers=numbers)

    def shown(product: Product, response: Response, status: int = 200) -> ProductOut:
        response.status_code = status
        response.headers.update(etag(product.version))
        return ProductOut.of(product)

    @api.post("/products", status_code=201)
    async def enter(body: ProductIn, call: CanWrite, response: Response) -> ProductOut:
        """Enter a product (PROD-01)."""
        product = await create(body.id or call.new_id, body.catalog_id, body.fields(), call.cause)
        response.headers["Location"] = f"/v1/products/{product.id}"
        return shown(product, response, 201)

    @api.get("/products")
    async def page(
        call: CanRead,
        external_id: str | None = None,
        catalog_id: str = "default",
        active: bool | None = None,  # noqa: FBT001 - a query parameter
        limit: Limit = 50,
        cursor: ProductCursor = None,
    ) -> Page[ProductOut]:
        """List products of a catalog by sort index, name and id (PROD-09); an external id finds at most one."""
        if external_id is not None:
            one = await views.by_external_id(catalog_id, external_id)
            fits = one is not None and active in {None, one.active}
            return Page(items=[ProductOut.of(one)] if one and fits else [])
        found, more = await views.page(catalog_id, active=active, access=call.caller, limit=limit, cursor=cursor)
        return Page(items=[ProductOut.of(product) for product in found], next_cursor=more)

    @api.get("/products/by-external-id/{external_id:path}")
    async def look_up(external_id: str, _: CanRead, response: Response, catalog_id: str = "default") -> ProductOut:
        """The product that an integration knows by this id (PROD-10)."""
        product = await views.by_external_id(catalog_id, external_id)
        if product is None:
            message = f"There is no product with the external id {external_id}."
            raise NotFound(message)
        return shown(product, response)

    @api.get("/products/{product_id}")
    async def read(product_id: str, _: CanRead, response: Response) -> ProductOut:
        """Read one product."""
        return shown(await products.get(product_id), response)

    @api.patch("/products/{product_id}")
    async def correct(product_id: str, body: ProductFieldsIn, call: CanWrite, response: Response) -> ProductOut:
        """Correct fields (PROD-06); switched off, a product can no longer be sold (PROD-08)."""
        product = await correct_product(
            product_id, body.fields(), call.cause, products=products, expected_version=call.if_match
        )
        return shown(product, response)

    @api.put("/products/external/{external_id:path}", responses={201: {"model": ProductOut}})
    async def upsert(
        external_id: ExternalId, body: ProductFieldsIn, call: CanWrite, response: Response, catalog_id: Code = "default"
    ) -> ProductOut:
        """Create or correct the product of this external id (PROD-10)."""
        fields = body.fields_of(external_id)
        product, is_new = await upsert_product(
            catalog_id,
            fields,
            call.cause,
            fresh_id=call.new_id,
            products=products,
            views=views,
            create=create,
            expected_version=call.if_match,
        )
        return shown(product, response, 201 if is_new else 200)

    return api


def _dictionaries(dictionaries: MongoRepository[Dictionary]) -> APIRouter:
    api = APIRouter(tags=["dictionaries"], route_class=router().route_class)

    def shown(dictionary: Dictionary, code: str, response: Response) -> DictionaryValue:
        response.headers.update(etag(dictionary.version))
        return dictionary.value(code)

    @api.get("/dictionaries")
    async def listed(_: CanRead) -> list[DictionaryOut]:
        """List all dictionaries with their values (DICT-01)."""
        return [DictionaryOut.of(await dictionaries.get(code)) for code in SEEDS]

    @api.get("/dictionaries/{code}")
    async def read_dictionary(code: str, _: CanRead, response: Response) -> DictionaryOut:
        """Read a dictionary, its values in their order (DICT-02)."""
        dictionary = await dictionaries.get(code)
        response.headers.update(etag(dictionary.version))
        return DictionaryOut.of(dictionary)

    @api.post("/dictionaries/{code}/values", status_code=201)
    async def add_value(code: str, body: ValueIn, call: Ruling, response: Response) -> DictionaryValue:
        """Add a value (DICT-02); the ETag is the dictionary's."""
        dictionary = await add_dictionary_value(
            code,
            body.code,
            body.name,
            body.sort,
            call.cause,
            dictionaries=dictionaries,
            expected_version=call.if_match,
        )
        response.headers["Location"] = f"/v1/dictionaries/{code}/values/{body.code}"
        return shown(dictionary, body.code, response)

    @api.patch("/dictionaries/{code}/values/{value}")
    async def change_value(
        code: str, value: str, body: ValueFieldsIn, call: Ruling, response: Response
    ) -> DictionaryValue:
        """Give a value another name or another place (DICT-02); the ETag is the dictionary's."""
        dictionary = await change_dictionary_value(
            code, value, body.fields(), call.cause, dictionaries=dictionaries, expected_version=call.if_match
        )
        return shown(dictionary, value, response)

    @api.delete("/dictionaries/{code}/values/{value}")
    async def delete_value(
        code: str,
        value: str,
        call: Ruling,
        response: Response,
        force: bool = False,  # noqa: FBT001, FBT002 - a query parameter
    ) -> DictionaryOut:
        """Delete a value, one that came with the CRM by force only; who has it keeps it (DICT-02)."""
        dictionary = await delete_dictionary_value(
            code,
            value,
            call.cause,
            dictionaries=dictionaries,
            by_force=force,
            expected_version=call.if_match,
        )
        response.headers.update(etag(dictionary.version))
        return DictionaryOut.of(dictionary)

    return api
