"""Request bodies that all elements share: contact data, product rows, the Client field, stages."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any, Final, Literal

from crm_contracts.values import (
    Address,
    Client,
    ContactPoint,
    FileRef,
    Money,
    RequisiteChoice,
    RequisiteLink,
    Touch,
    Utm,
)
from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, StrictBool, StringConstraints

from shared.elements.client import ContactWish, set_company, set_contacts
from shared.elements.exact import Day, Digits, Whole
from shared.elements.requisites import ACCOUNTS
from shared.elements.rows import RowWish
from shared.kit import reach
from shared.kit.domain import Conflict, Invalid, invalid_field
from shared.kit.http import Input

Code = Annotated[str, StringConstraints(min_length=1, max_length=50)]
UserId = Annotated[str, StringConstraints(min_length=1, max_length=100)]
OriginPart = Annotated[str, StringConstraints(min_length=1, max_length=255)]
ElementId = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Quantity = Annotated[Decimal, Digits(whole=9, places=6, positive=True)]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
UnitPrice = Annotated[Decimal, Digits(whole=12, places=4)]
Amount = Annotated[Decimal, Digits(whole=14, places=4)]


Sort = Annotated[Whole, Field(ge=0, le=10**6)]
RoleId = Annotated[Whole, Field(ge=0, le=10**6)]
Name = Annotated[str, StringConstraints(max_length=100, strip_whitespace=True)]
Title = Annotated[str, StringConstraints(max_length=255, strip_whitespace=True)]
Text = Annotated[str, StringConstraints(max_length=20_000)]


def _past(day: date) -> date:
    if day > datetime.now(UTC).date():
        message = "must not lie in the future"
        raise ValueError(message)
    return day


PastDate = Annotated[Day, AfterValidator(_past)]
WebAddress = Annotated[str, StringConstraints(max_length=2000, pattern=r"^https?://\S+$")]


def _stored(at: datetime) -> datetime:
    """UTC, and no finer than the database keeps it."""
    at = at.astimezone(UTC)
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


Moment = Annotated[
    AwareDatetime,
    Field(ge=datetime(1970, 1, 1, tzinfo=UTC), le=datetime(2200, 1, 1, tzinfo=UTC)),
    AfterValidator(_stored),
]
NewId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
"""An id that the caller chose in advance: any UUID in its canonical form."""


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


class OnlyOneCompany(Invalid):
    """An element has one company at most (CLI-06)."""

    code = "only_one_company"


class ContactPointIn(Input):
    """A way to reach somebody as it was typed."""

    kind: str
    value: Annotated[str, StringConstraints(min_length=1, max_length=255, strip_whitespace=True)]

    def point(self) -> ContactPoint:
        """Not yet normalised."""
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


class ReachIn(Input):
    """Where somebody can be reached."""

    phones: Phones = Field(default=[])
    emails: Emails = Field(default=[])
    websites: Websites = Field(default=[])
    messengers: Messengers = Field(default=[])


def reach_fields(given: Mapping[str, Any], country: str) -> dict[str, tuple[ContactPoint, ...]]:
    """The contact data among the given fields, normalised as far as it is valid (CONT-03)."""
    points = {
        name: tuple(point.point() for point in given[name])
        for name in ("phones", "emails", "websites", "messengers")
        if name in given
    }
    if "phones" in points:
        points["phones"] = reach.phones(points["phones"], country)
    if "emails" in points:
        points["emails"] = reach.emails(points["emails"])
    if "messengers" in points:
        points["messengers"] = reach.messengers(points["messengers"])
    return points


class MoneyIn(Input):
    """An amount of money."""

    value: Amount
    currency: Currency

    def value_of(self) -> Money:
        """As the domain has it."""
        return Money(value=self.value, currency=self.currency)


class RowIn(Input):
    """A product row (ROW-01); with a product, name and prices come from the catalog unless given."""

    id: ElementId | None = None
    product_id: ElementId | None = None
    name: Annotated[str, StringConstraints(min_length=1, max_length=255)] | None = None
    quantity: Quantity = Decimal(1)
    list_price: UnitPrice | None = None
    price: UnitPrice | None = None
    sort: Sort | None = None

    def wish(self) -> RowWish:
        """As the rules have it."""
        return RowWish(**self.model_dump())


class ContactLinkIn(Input):
    """A contact to be linked."""

    contact_id: ElementId
    sort: Sort | None = None
    is_primary: StrictBool = False
    role_id: RoleId = 0

    def wish(self) -> ContactWish:
        """As the rules have it."""
        return ContactWish(**self.model_dump())


Contacts = Annotated[list[ContactLinkIn], Field(max_length=500)]
Rows = Annotated[list[RowIn], Field(max_length=500)]


class ClientIn(Input):
    """The Client field to be set; what is absent stays as it is."""

    company_id: ElementId | list[ElementId] | None = None
    contacts: Contacts | None = None
    auto_link_contacts: StrictBool | None = None

    @property
    def company(self) -> str | None:
        """The company, if any.

        Raises:
            OnlyOneCompany: several were given.
        """
        if isinstance(self.company_id, list):
            if len(self.company_id) > 1:
                message = "An element has one company at most."
                raise OnlyOneCompany(
                    message, {"errors": [{"field": "company_id", "code": "only_one_company", "message": message}]}
                )
            return self.company_id[0] if self.company_id else None
        return self.company_id

    def rule(self) -> Callable[[Client], Client]:
        """What the body asks of a Client field; what it leaves out stays."""
        company, contacts, auto = self.company, self.contacts, self.auto_link_contacts

        def change(client: Client) -> Client:
            if contacts is not None:
                client = set_contacts(client, [link.wish() for link in contacts])
            if "company_id" in self.model_fields_set:
                return set_company(client, company, auto_link_contacts=auto)
            return client if auto is None else client.model_copy(update={"auto_link_contacts": auto})

        return change


class CompanyRefused(Conflict):
    """The company to be linked is not there (CLI-07)."""

    code = "company_not_found"

    def __init__(self, client: Client) -> None:
        super().__init__("There is no such company.", {"client": client.model_dump(mode="json")})


class RequisitesIn(Input):
    """Requisites to be chosen, as a whole: what is null or absent is not chosen (REQ-05)."""

    requisite_id: ElementId | None = None
    bank_detail_id: ElementId | None = None
    mc_requisite_id: ElementId | None = None
    mc_bank_detail_id: ElementId | None = None

    @property
    def choice(self) -> RequisiteChoice:
        """As the rules have it.

        Raises:
            Invalid: naming every bank detail without its requisite.
        """
        choice = RequisiteChoice(**self.model_dump())
        alone = [name for name, of in ACCOUNTS.items() if getattr(choice, name) and not getattr(choice, of)]
        if alone:
            errors = [
                {"field": name, "code": "without_requisite", "message": f"needs its {ACCOUNTS[name]}"} for name in alone
            ]
            raise Invalid("A bank detail is chosen with its requisite.", {"errors": errors})
        return choice


class RequisitesRefused(Conflict):
    """One of the requisites cannot be chosen; `code` and the named field say which and why (REQ-05)."""

    code = "requisites_refused"

    def __init__(self, link: RequisiteLink) -> None:
        message = "These requisites cannot be chosen, so none are."
        # One class for all that can be wrong: clients names it.
        self.code = link.refusal or self.code  # type: ignore[misc]
        wrong = {"field": link.refused_field, "code": self.code, "message": message}
        super().__init__(message, {"errors": [wrong], "requisite_link": link.model_dump(mode="json")})


class RowsIn(Input):
    """Product rows and amount to be set; absent rows stay as they are."""

    rows: Rows | None = None
    amount: MoneyIn | None = None
    is_manual_amount: StrictBool | None = None


class StageIn(Input):
    """The stage to move to."""

    stage_id: Code


class StageOut(BaseModel):
    """A stage; `semantic` is P (process), S (success) or F (failure)."""

    id: str
    name: str
    semantic: str
    sort: int


class AddressIn(Input):
    """A postal address (REQ-03)."""

    type: Literal["physical", "registered", "legal", "mailing", "beneficiary", "shipping"] = "physical"
    address_1: Title | None = None
    address_2: Title | None = None
    city: Title | None = None
    postal_code: Code | None = None
    region: Title | None = None
    province: Title | None = None
    country: Title | None = None
    country_code: Country | None = None

    def value_of(self) -> Address:
        """As the domain has it."""
        return Address(**self.model_dump())


class UtmIn(Input):
    """Campaign marks of a visit (CMN-07)."""

    source: Title | None = None
    medium: Title | None = None
    campaign: Title | None = None
    content: Title | None = None
    term: Title | None = None

    def value_of(self) -> Utm:
        """As the domain has it."""
        return Utm(**self.model_dump())


class TouchIn(Input):
    """A visit (CMN-08)."""

    at: Moment
    url: WebAddress
    referrer: WebAddress | None = None
    utm: UtmIn | None = None

    def value_of(self) -> Touch:
        """As the domain has it."""
        return Touch(**self.model_dump())


class FileIn(Input):
    """Where a file is kept (COMP-09)."""

    url: WebAddress
    name: Annotated[Title, Field(min_length=1)]
    media_type: Annotated[str, StringConstraints(pattern=r"^[a-z]+/[a-z0-9.+-]{1,80}$")] | None = None
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None = None

    def value_of(self) -> FileRef:
        """As the domain has it."""
        return FileRef(**self.model_dump())


def given_fields(body: Input, declared: type[Input]) -> dict[str, Any]:
    """The declared fields that the caller sent, as the domain has them; what is absent is not to be changed.

    Nobody is never responsible: a `responsible_id` of null counts as absent.
    """
    given = {name: getattr(body, name) for name in declared.model_fields if name in body.model_fields_set}
    for name, value in given.items():
        if isinstance(value, (AddressIn, FileIn, MoneyIn, UtmIn)):
            given[name] = value.value_of()
    if "observers" in given:
        given["observers"] = tuple(dict.fromkeys(given["observers"]))
    if "traces" in given:
        given["traces"] = tuple(touch.value_of() for touch in given["traces"])
    if "responsible_id" in given and given["responsible_id"] is None:
        del given["responsible_id"]
    return given
