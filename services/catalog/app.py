"""Compose the catalog service."""

from crm_contracts import registry, topics
from crm_contracts.elements import PRODUCT
from fastapi import FastAPI

from services.catalog.access.domain.department import Department
from services.catalog.access.domain.role import Role
from services.catalog.access.http.departments import build_router as build_departments
from services.catalog.access.http.roles import build_router as build_roles
from services.catalog.access.store import DEPARTMENTS, ROLES, AccessViews, DepartmentTree
from services.catalog.access.usecases import seed_roles
from services.catalog.dictionary.domain.dictionary import Dictionary
from services.catalog.dictionary.http import build_router as build_dictionaries
from services.catalog.dictionary.store import DICTIONARIES, OwnDictionaries
from services.catalog.dictionary.usecases import seed_dictionaries
from services.catalog.product.domain.product import ExternalIdTaken, Product
from services.catalog.product.http import build_router as build_products
from services.catalog.product.store import PRODUCT_INDEXES, PRODUCT_TABLE, PRODUCTS, ProductViews
from services.catalog.settings import CatalogSettings
from shared.elements.http.access import access_routes
from shared.elements.http.rights import RoleAuthority
from shared.elements.store.filtered_lists import FilteredLists
from shared.elements.store.rights import RightsOfUsers
from shared.elements.texts.api import TEXTS
from shared.kit.service.process import run
from shared.kit.service.service import Contracts, Service


def build() -> tuple[FastAPI, CatalogSettings]:
    """Build the service's app and its settings."""
    settings = CatalogSettings()
    service = Service(
        "catalog", topics.CATALOG, Contracts(registry.parse, topics.dead_letters, registry.EVENTS), settings
    )
    products = service.repository(Product, PRODUCTS, indexes=PRODUCT_INDEXES, taken={"external_id": ExternalIdTaken})
    dictionaries = service.repository(Dictionary, DICTIONARIES)
    service.before_start(lambda: seed_dictionaries(service.clock(), dictionaries=dictionaries))
    roles = service.repository(Role, ROLES)
    departments = service.repository(Department, DEPARTMENTS)
    service.before_start(lambda: seed_roles(service.clock(), roles=roles))
    routers = (
        build_products(
            products=products,
            views=ProductViews(products),
            lists=FilteredLists(products, PRODUCT_TABLE),
            dictionaries=OwnDictionaries(dictionaries),
            numbers=service.numbers,
        ),
        build_dictionaries(dictionaries=dictionaries),
        build_roles(roles=roles, views=AccessViews(roles)),
        build_departments(departments=departments, views=AccessViews(departments), tree=DepartmentTree(departments)),
    )
    rights = RightsOfUsers.open(service.collection, users_need_role=settings.users_need_role)
    app = service.app(
        *routers,
        access_routes({PRODUCT.noun: products}, rights),
        description="Products, their prices, dictionaries, roles and departments.",
        texts=TEXTS,
        authority=RoleAuthority(rights),
    )
    return app, settings


if __name__ == "__main__":
    run(build, "catalog")
