"""Times and authors of a record in the system that it is imported from (CMN-10, DEAL-10)."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, StringConstraints

from shared.elements.schemas.scalars import Moment
from shared.kit.domain import Findings, invalid_field
from shared.kit.web.schemas import Input


def _past(at: datetime) -> datetime:
    if at > datetime.now(UTC):
        message = "must not lie in the future"
        raise ValueError(message)
    return at


PastMoment = Annotated[Moment, AfterValidator(_past)]
Author = Annotated[str, StringConstraints(pattern=r"^(user|service):\S{1,100}$")]


class AuthoredIn(Input):
    """When a record was created, changed and moved in the other system, and by whom; administrators alone give it."""

    created_at: PastMoment | None = None
    created_by: Author | None = None
    updated_at: PastMoment | None = None
    updated_by: Author | None = None
    moved_at: PastMoment | None = None
    moved_by: Author | None = None

    @property
    def authorship(self) -> Mapping[str, Any]:
        """What is given of it.

        Raises:
            Invalid: it was changed or moved before it was created.
        """
        given = {name: value for name in _NAMES if (value := getattr(self, name)) is not None}
        findings, created_at = Findings(), given.get("created_at")
        for name in ("updated_at", "moved_at"):
            with findings.collecting():
                if created_at is not None and name in given and given[name] < created_at:
                    raise invalid_field(name, "before_creation", "lies before `created_at`")
        findings.refuse()
        return given

    def authored_otherwise(self, record: BaseModel) -> list[str]:
        """List what is given and an existing record has otherwise, and keeps (CMN-14)."""
        return [name for name, value in self.authorship.items() if getattr(record, name) != value]


_NAMES: Final = tuple(AuthoredIn.model_fields)
