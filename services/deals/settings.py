"""Settings of the deals service: so far the common ones."""

from shared.kit.settings import ServiceSettings


class DealsSettings(ServiceSettings):
    """What deals needs to start."""
