"""Settings of the clients service: so far the common ones."""

from shared.kit.settings import ServiceSettings


class ClientsSettings(ServiceSettings):
    """What clients needs to start."""
