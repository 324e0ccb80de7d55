"""Settings of the leads service."""

from pydantic import Field

from shared.kit.settings import ServiceSettings


class LeadsSettings(ServiceSettings):
    """The common settings, and when a conversion without an answer repeats its request."""

    conversion_silence_s: float = Field(default=15.0, gt=0)
    conversion_check_s: float = Field(default=2.0, gt=0)
