"""Phones, e-mails, websites and messengers in request bodies (CONT-03, CONT-04)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from crm_contracts.fields import Reachable
from crm_contracts.values import ContactPoint
from pydantic import Field, StringConstraints

from shared.elements.domain import contact_points as rules
from shared.elements.domain.messengers import messengers
from shared.elements.schemas.values import ValueIn
from shared.kit.web.schemas import Input

_NOTHING: Final = Reachable()


@dataclass(frozen=True)
class ContactPointReading:
    """How a request wants its phones and e-mails to be read (CONT-03).

    Attributes:
        default_country: of phones without a prefix; None for that of the installation.
        strict: refuse what cannot be normalised, instead of keeping it as typed.
    """

    default_country: str | None = None
    strict: bool = False

    def country(self, of_installation: str) -> str:
        """Return the country of phones without a prefix."""
        return self.default_country or of_installation


class ContactPointIn(ValueIn):
    """A phone, address or user name as it was typed."""

    kind: str
    value: Annotated[str, StringConstraints(min_length=1, max_length=255, strip_whitespace=True)]

    def value_of(self) -> ContactPoint:
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

    def as_typed(self, of_installation: str, reading: ContactPointReading) -> list[str]:
        """List the phones and e-mails, such as `phones.1.value`, that have no normal form (CONT-03)."""
        return [wrong["field"] for wrong in _wrong_points(self, reading.country(of_installation), strict=True)]


def contact_point_fields(given: Mapping[str, Any], country: str) -> dict[str, tuple[ContactPoint, ...]]:
    """Take the contact data from the given fields, normalised as far as that is sure (CONT-03)."""
    points = {name: given[name] for name in ContactPointsIn.model_fields if name in given}
    if "phones" in points:
        points["phones"] = rules.phones(points["phones"], country)
    if "emails" in points:
        points["emails"] = rules.emails(points["emails"])
    if "messengers" in points:
        points["messengers"] = messengers(points["messengers"], country)
    return points


def check_contact_points(
    given: Mapping[str, Any], country: str, *, strict: bool, before: Reachable | None = None
) -> None:
    """Check the given phones and e-mails; `strict`, also those that may be kept as they were typed (CONT-03).

    What the record has `before` may be given again, unless `strict`: a conversion copies whatever a lead had.

    Raises:
        Invalid: naming every phone without a digit and every e-mail that is none, or, `strict`, that is not valid.
    """
    kept = before if before is not None and not strict else _NOTHING
    rules.refuse_points(_wrong_points(given.items(), country, strict=strict, kept=kept))


def _wrong_points(
    given: Iterable[tuple[str, Any]], country: str, *, strict: bool, kept: Reachable = _NOTHING
) -> list[dict[str, str]]:
    points, stays = dict(given), {"phones": kept.phones, "emails": kept.emails}
    names: tuple[rules.PointList, ...] = ("phones", "emails")
    errors = []
    for name in names:
        values = [point.value for point in points.get(name, ())]
        known = {rules.folded(point.value) for point in stays[name]}
        errors += rules.check_points(name, values, country, strict=strict, kept=known)
    return errors
