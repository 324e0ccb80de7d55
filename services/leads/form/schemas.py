"""Requests and answers of the API of forms, and the lead that is made of a submission."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, Field, StrictBool, StringConstraints, ValidationError, WithJsonSchema
from pydantic_core import PydanticCustomError

from services.leads.form.domain.form import DEFAULT_PER_MINUTE, Form, FormFields
from services.leads.form.domain.submission import COMMENTS, POINTS, SUBMISSION_ID, TARGETS, Part, Submission
from services.leads.lead.schemas import LeadIn
from shared.elements.schemas.contact_points import ContactPointReading
from shared.elements.schemas.scalars import Code, UserId, WebAddress
from shared.elements.schemas.strict_types import WHOLE
from shared.elements.usecases.create_element import NewElement
from shared.kit.domain import invalid_field
from shared.kit.web.schemas import Input

MOST_FIELDS: Final = 100
MOST_OF_ONE: Final = 50
"""Phones, e-mails and websites of a lead."""

FormId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,49}$"), Field(examples=["contact"])]
"""Id of a form: small letters, digits, `_` and `-`."""
FieldName = Annotated[str, StringConstraints(min_length=1, max_length=100), Field(examples=["your-name"])]
Target = Annotated[
    str,
    WithJsonSchema({"type": "string", "enum": list(TARGETS)}),
]


def _target(name: str) -> str:
    if name not in TARGETS:
        raise PydanticCustomError("unknown_target", "one of the fields that forms fill")
    return name


def _origin(address: str) -> str:
    """Check that an address is that of a site, as browsers name it."""
    parts = urlsplit(address)
    if address != f"{parts.scheme}://{parts.netloc}".lower() or not parts.hostname or parts.username is not None:
        raise PydanticCustomError("not_an_origin", "scheme and host, as in https://www.acme.example")
    return address


Origin = Annotated[
    str,
    StringConstraints(max_length=300, pattern=r"^https?://[^/\s]+$"),
    AfterValidator(_origin),
    Field(examples=["https://www.acme.example"]),
]
FieldMap = dict[FieldName, Annotated[Target, AfterValidator(_target)]]


class FormIn(Input):
    """A form, whole: what is absent is as in a new one."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=255, strip_whitespace=True)] = Field(
        description="for administrators"
    )
    responsible_id: UserId = Field(description="who looks after the leads of this form")
    fields: Annotated[FieldMap, Field(max_length=MOST_FIELDS)] = Field(
        default={},
        examples=[{"your-name": "last_name", "tel": "phones"}],
        description="field of the lead for each field of the form; fields without one are kept in the comments",
    )
    source_id: Code | None = Field(default=None, description="source of the leads; null for that of other new leads")
    origins: Annotated[list[Origin], Field(max_length=50)] = Field(
        default=[], description="sites whose pages may send it, as browsers name them in Origin"
    )
    honeypot: FieldName | None = Field(
        default=None, description="field that people do not see: a submission that fills it makes no lead"
    )
    per_minute: Annotated[int, Field(ge=1, le=6000), WHOLE] = Field(
        default=DEFAULT_PER_MINUTE, description="submissions that it takes in a minute"
    )
    thanks_url: WebAddress | None = Field(
        default=None, description="page to which a browser goes after it has sent the form"
    )
    is_active: StrictBool = Field(default=True, description="whether it takes submissions")

    def to_domain(self) -> FormFields:
        """Make the value that the rules take.

        Raises:
            Invalid: a field that is not for people is one of the lead, too, or one with a meaning of its own.
        """
        reserved = {SUBMISSION_ID, *filter(None, [self.honeypot])}
        for name in self.fields:
            if name in reserved:
                raise invalid_field(f"fields.{name}", "reserved", "this field has a meaning of its own")
        if self.honeypot == SUBMISSION_ID:
            raise invalid_field("honeypot", "reserved", "this field has a meaning of its own")
        return FormFields(**{**dict(self), "origins": tuple(dict.fromkeys(self.origins))})


class FormOut(BaseModel):
    """A form and its version; its secret is never shown again."""

    id: str
    name: str
    responsible_id: str
    fields: dict[str, str] = Field(description="field of the lead for each field of the form")
    source_id: str | None
    origins: tuple[str, ...] = Field(description="sites whose pages may send it")
    honeypot: str | None = Field(description="field that people do not see")
    per_minute: int = Field(description="submissions that it takes in a minute")
    thanks_url: str | None = Field(description="page to which a browser goes after it has sent the form")
    is_active: bool = Field(description="whether it takes submissions")
    has_secret: bool = Field(description="without a secret nothing can be submitted")
    secret_at: datetime | None = Field(description="when its secret was made")
    created_by: str
    created_at: datetime
    updated_by: str
    updated_at: datetime
    version: int

    @classmethod
    def of(cls, form: Form) -> "FormOut":
        """Show a form."""
        return cls(**{name: getattr(form, name) for name in cls.model_fields})


class FormSecret(BaseModel):
    """The secret of a form, shown this once."""

    form: FormOut
    secret: str = Field(description="sent as X-Form-Key, or as `key` in the address; it is shown this once")


class SubmissionAccepted(BaseModel):
    """A submission that was taken."""

    submission_id: str = Field(description="the same for the same submission, however often it is sent")


def new_lead(form: Form, submission: Submission, country: str) -> NewElement:
    """Make the lead of a submission: what a field of the lead does not take is kept in the comments.

    A lead that is refused for a name of 300 characters is lost, and so is what a new field of the form says.

    Raises:
        Invalid: the comments are longer than those of a lead may be.
    """
    parts, rest = submission.parts(form)
    given: dict[str, Any] = {}
    unfit = [part for part in parts if part.target == COMMENTS or not _takes(part, given)]
    comments = [part.value for part in unfit if part.target == COMMENTS]
    comments += _named([*(part for part in unfit if part.target != COMMENTS), *rest])
    defaults = {"responsible_id": form.responsible_id, **({"source_id": form.source_id} if form.source_id else {})}
    try:
        body = LeadIn.model_validate({**given, **defaults, **({COMMENTS: "\n".join(comments)} if comments else {})})
    except ValidationError:
        raise invalid_field(
            "body", "too_long", "what no field of the lead takes is more than its comments hold"
        ) from None
    return body.to_domain(country, ContactPointReading(), None)


def _takes(part: Part, given: dict[str, Any]) -> bool:
    """Add a part to a body where its field takes it, and return whether it does."""
    outer, _, inner = part.target.partition(".")
    value: Any = part.value
    if part.target in POINTS:
        value = [*given.get(outer, []), {"value": part.value}]
        if len(value) > MOST_OF_ONE:
            return False
    elif inner:
        value = {**given.get(outer, {}), inner: part.value}
    try:
        LeadIn.model_validate({outer: value})
    except ValidationError:
        return False
    given[outer] = value
    return True


def _named(parts: Iterable[Part]) -> Sequence[str]:
    return [f"{part.names}: {part.value}" for part in parts]
