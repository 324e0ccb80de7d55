"""The composition root of catalog: the only file that sees everything."""

from crm_contracts import registry, topics
from fastapi import FastAPI

from services.catalog.adapters.mongo import DICTIONARIES, PRODUCT_INDEXES, PRODUCTS, ProductViews
from services.catalog.domain.dictionary import Dictionary
from services.catalog.domain.errors import ExternalIdTaken
from services.catalog.domain.product import Product
from services.catalog.entrypoints.http import build_router
from services.catalog.settings import CatalogSettings
from services.catalog.usecases.seed_dictionaries import seed_dictionaries
from shared.kit.service.process import run
from shared.kit.service.service import Contracts, Service


def build() -> tuple[FastAPI, CatalogSettings]:
    """Settings, then repositories, then the ways in."""
    settings = CatalogSettings()
    service = Service(
        "catalog", topics.CATALOG, Contracts(registry.parse, topics.dead_letters, registry.EVENTS), settings
    )
    taken = {"external_id": _external_id_taken}
    products = service.repository(Product, PRODUCTS, indexes=PRODUCT_INDEXES, taken=taken)
    dictionaries = service.repository(Dictionary, DICTIONARIES)
    service.before_start(lambda: seed_dictionaries(service.clock(), dictionaries=dictionaries))
    api = build_router(
        products=products, views=ProductViews(products), dictionaries=dictionaries, numbers=service.numbers
    )
    return service.app(api, description="Products, their prices, and dictionaries."), settings


def _external_id_taken() -> ExternalIdTaken:
    return ExternalIdTaken("Another product has this external id.")


if __name__ == "__main__":
    run(build, "catalog")
