"""Settings of the catalog service: so far the common ones."""

from shared.kit.settings import ServiceSettings


class CatalogSettings(ServiceSettings):
    """What catalog needs to start."""
