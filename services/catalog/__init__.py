"""Catalog: products and dictionaries, the reference data of the other services."""
