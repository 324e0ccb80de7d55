"""Settings of the leads service."""

from pydantic import Field

from services.leads.lead.domain.conversion import SILENCE_S
from shared.kit.settings import ServiceSettings


class LeadsSettings(ServiceSettings):
    """The common settings, and after how many seconds without an answer a conversion repeats its request."""

    conversion_silence_s: float = Field(default=SILENCE_S, gt=0)
