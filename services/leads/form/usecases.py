"""Use cases of forms: set them, give them a secret, delete them, and take what is submitted by them."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final, Literal, Protocol, TypeAlias

from crm_contracts.elements import LEAD

from services.leads.form.domain.errors import SecretShown, SubmissionTaken, TooManySubmissions
from services.leads.form.domain.form import Form, FormFields
from services.leads.form.domain.submission import COMMENTS, Submission
from services.leads.lead.domain.lead import Lead
from shared.elements.domain.element import OriginTaken
from shared.elements.usecases.create_element import NewElement
from shared.kit.domain import Cause, Invalid, derived_id
from shared.kit.storage.repository import Records, Repository, refuse_new
from shared.kit.storage.repository_errors import IdTaken

WITHIN: Final = timedelta(days=1)

Outcome: TypeAlias = Literal["taken", "repeated", "honeypot"]
"""What became of a submission."""

Creates: TypeAlias = Callable[[str, NewElement, Cause], Awaitable[Lead]]
"""Creates a lead: `create_lead`."""


class ByOrigin(Protocol):
    """Finds a lead by where it came from."""

    async def by_origin(self, originator: str, origin: str) -> Lead | None:
        """Find the lead, or None."""
        ...


class Counts(Protocol):
    """Counts what is submitted."""

    async def take(self, form_id: str, most: int, *, at: Any) -> timedelta | None:
        """Count one more, or return when the next one may be sent."""
        ...


async def set_form(
    id_: str,
    fields: FormFields,
    cause: Cause,
    *,
    forms: Repository[Form],
    guarded: Records[Form],
    expected_version: int | None = None,
) -> tuple[Form, bool]:
    """Create a form, or set all of one that is there but its secret.

    Returns:
        It, and whether it is new.

    Raises:
        Gone: it was deleted.
        VersionMismatch: the caller's copy is old, or there is none of which it has a copy.
    """
    by, at = cause.actor, cause.at
    if await forms.find_with_deleted(id_) is None:
        refuse_new(forms.noun, expected_version)
        try:
            return await forms.add(Form.create(id_, fields, by=by, at=at), cause), True
        except IdTaken:  # another request created it meanwhile
            pass
    found = await guarded.change(
        id_, lambda form: form.correct(fields, by=by, at=at), cause, expected_version=expected_version
    )
    return found, False


async def renew_secret(
    id_: str, secret: str, cause: Cause, *, forms: Records[Form], expected_version: int | None = None
) -> Form:
    """Give a form another secret, which is kept as a hash alone.

    Raises:
        NotFound, Gone: there is no such form.
        SecretShown: a repeat of the request that made the secret.
        VersionMismatch: the caller's copy is old.
    """
    form = await forms.change(
        id_,
        lambda form: form.set_secret(secret, by=cause.actor, at=cause.at),
        cause,
        expected_version=expected_version,
    )
    if not form.is_proven_by(secret):
        raise SecretShown("The secret that this request made was shown once, and is not kept.")
    return form


async def delete_form(id_: str, cause: Cause, *, forms: Records[Form], expected_version: int | None = None) -> None:
    """Delete a form.

    Raises:
        NotFound, Gone: there is no such form.
        VersionMismatch: the caller's copy is old.
    """
    await forms.change(
        id_, lambda form: form.delete(by=cause.actor, at=cause.at), cause, expected_version=expected_version
    )


async def check_rate(form: Form, cause: Cause, *, counts: Counts) -> None:
    """Count a submission.

    Raises:
        TooManySubmissions: the form has had as many as it takes within this minute.
    """
    wait = await counts.take(form.id, form.per_minute, at=cause.at)
    if wait is not None:
        seconds = int(wait.total_seconds()) + 1
        message = f"The form takes {form.per_minute} submissions in a minute; send it again in {seconds} s."
        raise TooManySubmissions(message, {"retry_after_s": seconds})


@dataclass(frozen=True)
class Taken:
    """What became of a submission, and the id that it goes by."""

    outcome: Outcome
    submission_id: str


async def take_submission(
    form: Form, submission: Submission, new: NewElement, cause: Cause, *, create: Creates, leads: ByOrigin
) -> Taken:
    """Create the lead of a submission, once however often it is sent.

    Raises:
        SubmissionTaken: the site gave its id to another one before.
        Invalid: the lead cannot be created.
    """
    origin_id, *before = submission.origin_ids(cause.at)
    if submission.is_of_a_program(form):
        return Taken("honeypot", origin_id)
    for earlier in before:
        found = await leads.by_origin(form.id, earlier)
        if found is not None and found.created_at > cause.at - WITHIN:
            return Taken("repeated", earlier)
    own = replace(cause, key=f"{form.actor}/{origin_id}/{submission.digest}", actor=form.actor, roles=())
    id_, of_form = derived_id(LEAD.noun, form.id, origin_id), replace(new, origin=(form.id, origin_id))
    try:
        lead = await _created(id_, of_form, own, create)
    except (IdTaken, OriginTaken):
        raise SubmissionTaken("Another submission of this form has this id, and another content.") from None
    return Taken("taken" if lead.created_at == cause.at else "repeated", origin_id)


async def _created(id_: str, new: NewElement, cause: Cause, create: Creates) -> Lead:
    """Create the lead; where the source of the form is deleted by now, with the source that others have."""
    try:
        return await create(id_, new, cause)
    except Invalid as error:
        if [wrong["field"] for wrong in error.details.get("errors", ())] != ["source_id"]:
            raise
    fields: Mapping[str, Any] = {name: value for name, value in new.fields.items() if name != "source_id"}
    comments = "\n".join(filter(None, [new.fields.get(COMMENTS), f"source_id: {new.fields['source_id']}"]))
    return await create(id_, replace(new, fields={**fields, COMMENTS: comments}), cause)
