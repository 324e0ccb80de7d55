"""How clients are linked, and what links them."""

from datetime import datetime

from crm_contracts.values import ElementRef, Value
from pydantic import Field, StrictBool

from shared.elements.schemas.scalars import RoleId
from shared.kit.web.schemas import Input


class LinkIn(Input):
    """How a contact belongs to a company; `is_primary` null leaves it as it is."""

    is_primary: StrictBool | None = None
    role_id: RoleId = 0


class ElementOut(Value):
    """A lead, a deal or whatever else is linked to a client."""

    element: ElementRef
    since: datetime = Field(description="when clients first heard of it")
