"""Identity that a caller may give a new record (CMN-14)."""

from collections.abc import Iterator

from shared.elements.schemas.scalars import NewId, OriginPart
from shared.kit.domain import invalid_field
from shared.kit.web.schemas import Input


class NewRecordIn(Input):
    """Identity that a caller may give a new record (CMN-14)."""

    id: NewId | None = None
    originator_id: OriginPart | None = None
    origin_id: OriginPart | None = None

    @property
    def origin(self) -> tuple[str, str] | None:
        """Where it comes from, if anywhere.

        Raises:
            Invalid: one part of it is missing.
        """
        if self.originator_id is None and self.origin_id is None:
            return None
        if self.originator_id is None or self.origin_id is None:
            missing = "originator_id" if self.originator_id is None else "origin_id"
            raise invalid_field(missing, "missing", "an origin is a system and the id there: both or none")
        return self.originator_id, self.origin_id

    @property
    def identities(self) -> Iterator[tuple[str, str | tuple[str, str]]]:
        """What no two records of a batch may have in common, by the field that says it."""
        if self.id is not None:
            yield "id", self.id
        if self.originator_id is not None and self.origin_id is not None:
            yield "origin_id", (self.originator_id, self.origin_id)
