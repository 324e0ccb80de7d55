"""Bodies about the links between contacts and companies."""

from pydantic import StrictBool

from shared.elements.schemas.scalars import RoleId
from shared.kit.web.schemas import Input


class LinkIn(Input):
    """How a contact belongs to a company; what is null or absent stays as it is."""

    is_primary: StrictBool | None = None
    role_id: RoleId | None = None
