"""HTTP API of products."""

from collections.abc import Sequence
from functools import partial
from typing import Annotated

from crm_contracts.elements import PRODUCT
from crm_contracts.products import ProductFields
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from services.catalog.permissions import CanRead, CanWrite
from services.catalog.product.domain.product import Product
from services.catalog.product.schemas import ExternalId, ProductFieldsIn, ProductIn, ProductOut, ProductsIn
from services.catalog.product.store import ProductViews
from services.catalog.product.usecases import (
    DictionariesOfMany,
    OwnDictionaries,
    correct_product,
    create_product,
    upsert_product,
)
from shared.elements.http.fields import field_routes
from shared.elements.http.query_routes import ListedElements
from shared.elements.http.rights import check_some
from shared.elements.schemas.filters import Total, filter_of
from shared.elements.schemas.list_query import ListPage
from shared.elements.schemas.scalars import Code
from shared.elements.store.filtered_lists import FilteredLists
from shared.kit.domain import NotFound
from shared.kit.storage.numbers import Numbers
from shared.kit.storage.repository import Repository
from shared.kit.web.batches import ANSWERS_BATCH, Items, recorded
from shared.kit.web.call import Call, show_version
from shared.kit.web.conditions import IfMatch
from shared.kit.web.problems import Details
from shared.kit.web.routes import router
from shared.kit.web.schemas import Cursor, Limit, Truth


def build_router(
    *,
    products: Repository[Product],
    views: ProductViews,
    lists: FilteredLists[Product],
    dictionaries: DictionariesOfMany,
    numbers: Numbers,
) -> APIRouter:
    """Build the endpoints."""
    own, listed = router("products"), ListedElements(lists, ProductOut, _shown_each)
    _add_reads(own, products, views, listed)
    _add_writes(own, products, dictionaries, numbers)
    _add_batch(own, products, views, dictionaries, numbers)
    _add_upsert(own, products, views, dictionaries, numbers)
    api = APIRouter()
    api.include_router(field_routes(PRODUCT))
    api.include_router(listed.routes())
    api.include_router(own)
    return api


async def _shown_each(_: Call, products: Sequence[Product]) -> Sequence[ProductOut]:
    return [ProductOut.of(product) for product in products]


def _add_reads(
    api: APIRouter, products: Repository[Product], views: ProductViews, listed: ListedElements[Product]
) -> None:
    @api.get("/products")
    async def page(
        call: CanRead,
        external_id: str | None = None,
        catalog_id: str = "default",
        active: Truth | None = None,
        matching: Annotated[str | None, filter_of("Product")] = None,
        limit: Limit = 50,
        cursor: Cursor = None,
        *,
        total: Total = False,
    ) -> ListPage[ProductOut]:
        """List products of a catalog by sort index, name and id (PROD-09); an external id finds at most one."""
        equal = {"external_id": external_id, "catalog_id": catalog_id, "active": active}
        return await listed.page(call, matching, equal, limit=limit, cursor=cursor, total=total)

    @api.get("/products/by-external-id/{external_id:path}")
    async def look_up(external_id: str, call: CanRead, response: Response, catalog_id: str = "default") -> ProductOut:
        """Find the product that an integration knows by this id (PROD-10)."""
        product = await views.by_external_id(catalog_id, external_id)
        if product is None:
            message = f"There is no product with the external id {external_id}."
            raise NotFound(message)
        call.access.check("read", product)
        return _shown(product, response)

    @api.get("/products/{product_id}")
    async def read(product_id: str, call: CanRead, response: Response) -> ProductOut:
        """Read one product."""
        return _shown(await call.guard(products).get(product_id), response)


def _add_writes(api: APIRouter, products: Repository[Product], dictionaries: OwnDictionaries, numbers: Numbers) -> None:
    @api.post("/products", status_code=201)
    async def enter(body: ProductIn, call: CanWrite, response: Response) -> ProductOut:
        """Create a product (PROD-01)."""
        product = await create_product(
            body.id or call.new_id,
            body.catalog_id,
            body.fields(),
            call.cause,
            products=call.guard_store(products),
            dictionaries=dictionaries,
            numbers=numbers,
        )
        response.headers["Location"] = f"/v1/products/{product.id}"
        return _shown(product, response, 201)

    @api.patch("/products/{product_id}")
    async def correct(
        product_id: str, body: ProductFieldsIn, call: CanWrite, if_match: IfMatch, response: Response
    ) -> ProductOut:
        """Update a product; an inactive one can no longer be sold (PROD-06, PROD-08)."""
        product = await correct_product(
            product_id,
            body.fields(),
            call.cause,
            products=call.guard(products),
            dictionaries=dictionaries,
            expected_version=if_match,
        )
        return _shown(product, response)


def _add_batch(
    api: APIRouter,
    products: Repository[Product],
    views: ProductViews,
    dictionaries: DictionariesOfMany,
    numbers: Numbers,
) -> None:
    @api.post("/products/batch", operation_id="createProducts", **ANSWERS_BATCH)
    async def enter_each(body: ProductsIn, call: CanWrite, request: Request) -> JSONResponse:
        """Create up to 200 products, each with a result of its own (PROD-01, PROD-10).

        With `on_existing: correct` a product of an external id that is known is corrected.
        """
        check_some(call, PRODUCT, "import")
        read = await dictionaries.read(ProductFields)
        await numbers.reserve(products.noun, len(body.valid))

        async def one(item: ProductIn, its: Call) -> Details:
            product, is_new = await _entered(item, its)
            return recorded(product, its.cause, is_new=is_new)

        async def _entered(item: ProductIn, its: Call) -> tuple[Product, bool]:
            guarded = its.guard_store(products)
            create = partial(create_product, products=guarded, dictionaries=read, numbers=numbers)
            if item.external_id is None or not body.corrects:
                return await create(item.id or its.new_id, item.catalog_id, item.fields(), its.cause), True
            return await upsert_product(
                item.catalog_id,
                item.fields(),
                its.cause,
                fresh_id=its.new_id,
                products=guarded,
                dictionaries=read,
                views=views,
                create=create,
                new_id=item.id,
            )

        return await Items.of(body, call, request).answer(one, lambda item: item.identities)


def _add_upsert(
    api: APIRouter,
    products: Repository[Product],
    views: ProductViews,
    dictionaries: OwnDictionaries,
    numbers: Numbers,
) -> None:
    @api.put("/products/external/{external_id:path}", responses={201: {"model": ProductOut}})
    async def upsert(
        external_id: ExternalId,
        body: ProductFieldsIn,
        call: CanWrite,
        if_match: IfMatch,
        response: Response,
        catalog_id: Code = "default",
    ) -> ProductOut:
        """Create or correct the product of this external id (PROD-10)."""
        guarded = call.guard_store(products)
        product, is_new = await upsert_product(
            catalog_id,
            body.fields_of(external_id),
            call.cause,
            fresh_id=call.new_id,
            products=guarded,
            dictionaries=dictionaries,
            views=views,
            create=partial(create_product, products=guarded, dictionaries=dictionaries, numbers=numbers),
            expected_version=if_match,
        )
        return _shown(product, response, 201 if is_new else 200)


def _shown(product: Product, response: Response, status: int = 200) -> ProductOut:
    show_version(response, product.version, status)
    return ProductOut.of(product)
