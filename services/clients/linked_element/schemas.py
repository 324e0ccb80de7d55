"""Bodies of the lists of linked elements."""

from datetime import datetime

from crm_contracts.values import ElementRef, Value
from pydantic import Field


class ElementOut(Value):
    """An element that is linked to a client."""

    element: ElementRef
    since: datetime = Field(description="when clients first received an event about it")
