"""Who may use the API of roles and departments, and the cursor of its lists."""

from typing import Annotated

from services.catalog.access.store import SETTINGS
from shared.kit.web.call import Call, needs
from shared.kit.web.schemas import cursor_of

CanRead = Annotated[Call, needs("catalog:read")]
CanChange = Annotated[Call, needs(SETTINGS)]
AccessCursor = Annotated[str | None, cursor_of("ids")]
