"""Settings of the timeline service: so far the common ones."""

from shared.kit.settings import ServiceSettings


class TimelineSettings(ServiceSettings):
    """What timeline needs to start."""
