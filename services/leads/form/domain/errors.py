"""What stops a form, or a submission of it."""

from shared.kit.domain import Conflict, NotAllowed, Refused, TooMany


class FormInactive(NotAllowed):
    """The form takes nothing at present."""

    code = "form_inactive"
    advice = "Ask who looks after the CRM; a form is switched on again by its `is_active`."


class OriginNotAllowed(NotAllowed):
    """The page that sent the form is on no site that the form is for."""

    code = "origin_not_allowed"
    advice = "Add the origin of the page, such as `https://www.acme.example`, to the `origins` of the form."


class SubmissionTaken(Conflict):
    """Another submission of the form has this `submission_id`, with another content."""

    code = "submission_taken"
    advice = "Give each submission an id of its own, or none."


class TooManySubmissions(TooMany):
    """More was submitted by the form within a minute than it takes."""

    code = "too_many_submissions"
    advice = "Send it again after the seconds in Retry-After; `per_minute` of the form says how many it takes."


class SecretShown(Refused):
    """The secret that this request made was shown once, and is not kept."""

    code = "secret_shown"
    advice = "Make another one, by a request with another Idempotency-Key or with none; the former one ends with that."
