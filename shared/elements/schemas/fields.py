"""Groups of fields that request bodies of elements share, as their contracts do."""

from typing import Annotated

from pydantic import Field, StrictBool

from shared.elements.schemas.scalars import Text, UserId
from shared.elements.schemas.tracking import UtmIn
from shared.kit.web.schemas import Input


class OwnedIn(Input):
    """The responsible user, observers, comments and campaign marks (CMN-04 to CMN-09)."""

    responsible_id: UserId | None = None
    observers: Annotated[list[UserId], Field(max_length=100)] = Field(default=[])
    open_to_all: StrictBool = True
    comments: Text | None = None
    utm: UtmIn | None = None


class SourcedIn(Input):
    """More about where an element came from (CMN-02); the source itself is a code of a dictionary."""

    source_description: Text | None = None
