"""What a lead is to be converted into (LEAD-11)."""

from typing import Final

from crm_contracts.conversions import Activities
from crm_contracts.values import ConversionTarget, OnDuplicate
from pydantic import BaseModel

TARGETS: Final[tuple[ConversionTarget, ...]] = ("contact", "company", "deal")


class ConversionRequest(BaseModel):
    """What to convert into; `targets` None means the default of the lead."""

    targets: tuple[ConversionTarget, ...] | None = None
    on_duplicate: OnDuplicate = "link"
    pipeline_id: str = "default"
    activities: Activities = "complete"
