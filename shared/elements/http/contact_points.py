"""Query parameters that say how the phones and e-mails of a write are to be read (CONT-03)."""

from typing import Annotated

from fastapi import Depends, Query
from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from shared.elements.domain.contact_points import COUNTRIES
from shared.elements.schemas.contact_points import ContactPointReading
from shared.kit.web.schemas import Truth


def _known(code: str | None) -> str | None:
    if code is not None and code not in COUNTRIES:
        raise PydanticCustomError("unknown_country", "a country by two capital letters, such as US")
    return code


async def _reading(
    *,
    default_country: Annotated[
        str | None,
        Query(
            max_length=2,
            description="country of phones without a prefix, such as `US`; without it that of the installation",
            json_schema_extra={"format": "country-code"},
        ),
        AfterValidator(_known),
    ] = None,
    strict: Annotated[
        Truth,
        Query(description="refuse phones and e-mails that cannot be normalised, instead of keeping them as typed"),
    ] = False,
) -> ContactPointReading:
    return ContactPointReading(default_country, strict)


Reading = Annotated[ContactPointReading, Depends(_reading)]
"""How the contact data of a request is to be read, by its query parameters."""
