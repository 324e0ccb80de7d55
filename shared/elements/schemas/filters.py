"""Query parameters of lists: filters by equality, and the page."""

from collections.abc import Mapping

from pydantic import BaseModel

from shared.kit.web.schemas import Cursor, Limit


class SalesFilters(BaseModel):
    """Filters of every sales element; a type with more of them inherits from here."""

    stage_id: str | None = None
    responsible_id: str | None = None
    company_id: str | None = None
    contact_id: str | None = None
    originator_id: str | None = None
    origin_id: str | None = None
    limit: Limit = 50
    cursor: Cursor = None

    @property
    def wanted(self) -> Mapping[str, str | None]:
        """The values that fields have to equal."""
        return self.model_dump(exclude={"limit", "cursor"})
