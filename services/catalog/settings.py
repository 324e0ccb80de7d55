"""Settings of the catalog service."""

from shared.kit.settings import ServiceSettings


class CatalogSettings(ServiceSettings):
    """The settings that every service has."""
