"""Files by reference in request bodies (COMP-09, CONT-08)."""

from typing import Annotated

from crm_contracts.values import FileRef
from pydantic import Field, StringConstraints

from shared.elements.schemas.scalars import Title, WebAddress
from shared.elements.schemas.values import ValueIn


class FileIn(ValueIn):
    """Where a file is kept (COMP-09)."""

    url: WebAddress
    name: Annotated[Title, Field(min_length=1)]
    media_type: (
        Annotated[str, StringConstraints(pattern=r"^[a-z]+/[a-z0-9.+-]{1,80}$"), Field(examples=["image/png"])] | None
    ) = None
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None = None

    def value_of(self) -> FileRef:
        """Make the value that the rules take."""
        return FileRef(**self.model_dump())
