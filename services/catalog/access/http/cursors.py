"""The cursor of the lists of roles and departments."""

from typing import Annotated

from shared.kit.web.schemas import cursor_of

AccessCursor = Annotated[str | None, cursor_of("ids")]
