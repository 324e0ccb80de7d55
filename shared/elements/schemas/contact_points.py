"""Phones, e-mails, websites and messengers in request bodies (CONT-03, CONT-04)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from crm_contracts.values import ContactPoint
from fastapi import Depends, Query
from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from shared.elements.domain import contact_points as rules
from shared.elements.domain.messengers import messengers
from shared.kit.web.schemas import Input, Truth


def _known_country(code: str) -> str:
    if code not in rules.COUNTRIES:
        raise PydanticCustomError("unknown_country", "a country by two capital letters, such as US")
    return code


@dataclass(frozen=True)
class ContactPointReading:
    """How a request wants its phones and e-mails to be read (CONT-03)."""

    default_country: Annotated[
        str | None,
        Query(
            max_length=2,
            description="country of phones without a prefix, such as `US`; without it that of the installation",
            json_schema_extra={"format": "country-code"},
        ),
        AfterValidator(lambda code: code if code is None else _known_country(code)),
    ] = None
    strict: Annotated[
        Truth,
        Query(description="refuse phones and e-mails that cannot be normalised, instead of keeping them as typed"),
    ] = False

    def country(self, of_installation: str) -> str:
        """Return the country of phones without a prefix."""
        return self.default_country or of_installation


Reading = Annotated[ContactPointReading, Depends(ContactPointReading)]
"""How the contact data of a request is to be read, by its query parameters."""


class ContactPointIn(Input):
    """A phone, address or user name as it was typed."""

    kind: str
    value: Annotated[str, StringConstraints(min_length=1, max_length=255, strip_whitespace=True)]

    def point(self) -> ContactPoint:
        """Make the value, not yet normalised."""
        return ContactPoint(kind=self.kind, value=self.value)


class PhoneIn(ContactPointIn):
    """A phone (CONT-03)."""

    kind: Literal["WORK", "MOBILE", "FAX", "HOME", "PAGER", "MAILING", "OTHER"] = "WORK"


class EmailIn(ContactPointIn):
    """An e-mail address (CONT-03)."""

    kind: Literal["WORK", "HOME", "MAILING", "OTHER"] = "WORK"


class WebsiteIn(ContactPointIn):
    """A website (CONT-03)."""

    kind: Literal["WORK", "HOME", "VK", "LIVEJOURNAL", "TWITTER", "OTHER"] = "WORK"


class MessengerIn(ContactPointIn):
    """A number or a user of a messenger (CONT-03, CONT-04)."""

    kind: Literal[
        "TELEGRAM",
        "WHATSAPP",
        "VIBER",
        "SKYPE",
        "VK",
        "FACEBOOK",
        "INSTAGRAM",
        "BITRIX24",
        "OPENLINE",
        "IMOL",
        "ICQ",
        "MSN",
        "JABBER",
        "OTHER",
    ] = "OTHER"


MANY: Final = Field(max_length=50)


Phones = Annotated[list[PhoneIn], MANY]


Emails = Annotated[list[EmailIn], MANY]


Websites = Annotated[list[WebsiteIn], MANY]


Messengers = Annotated[list[MessengerIn], MANY]


class ContactPointsIn(Input):
    """Phones, addresses, websites and messengers of a person or a company."""

    phones: Phones = Field(default=[])
    emails: Emails = Field(default=[])
    websites: Websites = Field(default=[])
    messengers: Messengers = Field(default=[])


def contact_point_fields(given: Mapping[str, Any], country: str) -> dict[str, tuple[ContactPoint, ...]]:
    """Take the contact data from the given fields, normalised as far as that is sure (CONT-03)."""
    points = {
        name: tuple(point.point() for point in given[name])
        for name in ("phones", "emails", "websites", "messengers")
        if name in given
    }
    if "phones" in points:
        points["phones"] = rules.phones(points["phones"], country)
    if "emails" in points:
        points["emails"] = rules.emails(points["emails"])
    if "messengers" in points:
        points["messengers"] = messengers(points["messengers"], country)
    return points


def check_contact_points(given: Mapping[str, Any], country: str, *, strict: bool) -> None:
    """Check the given phones and e-mails; `strict`, also those that may be kept as they were typed (CONT-03).

    Raises:
        Invalid: naming every phone without a digit and every e-mail that is none, or, `strict`, that is not valid.
    """
    names: tuple[rules.PointList, ...] = ("phones", "emails")
    rules.refuse_points(
        [
            error
            for name in names
            for error in rules.check_points(
                name, [point.value for point in given.get(name, ())], country, strict=strict
            )
        ]
    )
