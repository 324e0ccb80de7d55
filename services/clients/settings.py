"""Settings of the clients service: those that all services have."""

from shared.kit.settings import ServiceSettings


class ClientsSettings(ServiceSettings):
    """Settings of the process."""
