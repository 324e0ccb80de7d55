"""Settings of the leads service."""

from pydantic import Field

from shared.kit.settings import ServiceSettings


class LeadsSettings(ServiceSettings):
    """Beside the common ones: when a conversion that heard nothing asks again."""

    conversion_silence_s: float = Field(default=15.0, gt=0)
    conversion_check_s: float = Field(default=2.0, gt=0)
