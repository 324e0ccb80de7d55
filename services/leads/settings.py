"""Settings of the leads service."""

from crm_contracts.settings import ModeName
from pydantic import Field

from services.leads.lead.domain.conversion import SILENCE_S
from shared.kit.settings import ServiceSettings


class LeadsSettings(ServiceSettings):
    """The common settings, those of conversions and of the mode."""

    conversion_silence_s: float = Field(
        default=SILENCE_S, gt=0, description="without an answer, until a conversion repeats its request"
    )
    initial_mode: ModeName = Field(default="simple", description="of an installation that has no leads yet")
    classic_mode_allowed: bool = Field(default=True, description="whether Classic may be chosen: it depends on plans")
