"""The way in for sites and ad networks that cannot hold a token: a form proves itself by a secret of its own."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from fastapi.security import APIKeyHeader, APIKeyQuery
from starlette.exceptions import HTTPException

from services.leads.form.domain.errors import TooManySubmissions
from services.leads.form.domain.form import Form
from services.leads.form.domain.submission import SUBMISSION_ID, Submission
from services.leads.form.http.content import ENCODED, JSON, MULTIPART, kind_of, read_content
from services.leads.form.schemas import SubmissionAccepted, new_lead
from services.leads.form.store import FormViews, SubmissionCounts
from services.leads.form.usecases import check_rate, take_submission
from services.leads.lead.domain.lead import Lead
from services.leads.lead.http.at_once import NewLeads
from services.leads.stage.store import OwnLeadStages
from shared.elements.store.listing import ElementViews
from shared.elements.usecases.collaborators import Collaborators
from shared.kit.domain import Cause, DomainError, invalid_field
from shared.kit.storage.repository import Repository
from shared.kit.telemetry.metrics import FORM_SUBMISSIONS
from shared.kit.telemetry.spans import current_traceparent
from shared.kit.web.auth import Caller
from shared.kit.web.context import context_of
from shared.kit.web.problems import domain_problem, is_refusal
from shared.kit.web.routes import IdempotentRoute
from shared.kit.web.signing_keys import Unauthenticated

PATH: Final = "/leads/inbound/{form}"
KEY_HEADER: Final = "X-Form-Key"
KEY: Final = "key"
OUTCOMES: Final = ("taken", "repeated", "honeypot", "limited", "refused")
MAX_ID: Final = 255
_SEE_OTHER: Final = 303
_PREFLIGHT_S: Final = "600"
_FIELDS: Final = {"type": "object", "additionalProperties": True, "example": {"your-name": "Ada", "tel": "030 901820"}}
_BODY: Final = {"required": True, "content": {kind: {"schema": _FIELDS} for kind in (JSON, ENCODED, MULTIPART)}}

_KEYS: Final = [
    Depends(each) for each in (APIKeyHeader(name=KEY_HEADER, auto_error=False), APIKeyQuery(name=KEY, auto_error=False))
]


@dataclass(frozen=True)
class Inbound:
    """Everything that forms and their submissions work with."""

    forms: Repository[Form]
    views: FormViews
    counts: SubmissionCounts
    leads: Repository[Lead]
    lead_views: ElementViews[Lead]
    new_leads: Callable[[], Awaitable[NewLeads]]
    stages: OwnLeadStages
    collaborators: Collaborators
    default_country: str


def inbound_routes(inbound: Inbound) -> APIRouter:
    """Make the route of submissions, and that by which browsers ask whether they may send one."""
    for outcome in OUTCOMES:
        FORM_SUBMISSIONS.labels(outcome)
    api = APIRouter()
    api.include_router(_submissions(inbound))
    api.include_router(_preflights(inbound))
    return api


def _submissions(inbound: Inbound) -> APIRouter:
    class InboundRoute(IdempotentRoute):
        """A route that is open to who has the secret of the form, and to no token."""

        def get_route_handler(self) -> Callable[[Request], Any]:
            """Wrap the endpoint's handler: see `APIRoute`."""
            return partial(_admitted, inbound, super().get_route_handler())

    api = APIRouter(prefix="/v1", route_class=InboundRoute, tags=["forms"])

    @api.post(
        PATH,
        status_code=202,
        summary="Take what was filled in",
        operation_id="submitForm",
        dependencies=_KEYS,
        response_model=SubmissionAccepted,
        openapi_extra={"requestBody": _BODY},
    )
    async def submit(form: str, request: Request) -> Response:
        """Take what was filled in: it becomes a lead, once however often it is sent.

        The secret of the form is sent as `X-Form-Key`, or as `key` in the address by who can set nothing else. Fields
        of the form that are none of the lead, and values that the lead does not take, are kept in its comments.
        `submission_id` tells one submission from another; without one the same content within a day is the same.
        """
        del form
        return await _submitted(inbound, request)

    return api


def _preflights(inbound: Inbound) -> APIRouter:
    api = APIRouter(prefix="/v1")

    @api.options(PATH, include_in_schema=False)
    async def preflight(form: str, request: Request) -> Response:
        found = await inbound.forms.find(form)
        return Response(status_code=204, headers={} if found is None else _shared_with(found, request))

    return api


async def _admitted(inbound: Inbound, handle: Callable[[Request], Any], request: Request) -> Response:
    """Handle a request that proves itself by the secret of its form; scripts of its sites may read the answer.

    Raises:
        Unauthenticated: there is no such form, or this is not its secret.
    """
    form = await inbound.forms.find(request.path_params["form"])
    key = _key_in(request)
    if form is None or key is None or not form.is_proven_by(key):
        raise Unauthenticated("the key of the form is missing or wrong")
    request.state.form = form
    request.state.caller = Caller(actor=form.actor, roles=frozenset(), scopes=frozenset())
    shared = _shared_with(form, request)
    try:
        answer: Response = await handle(request)
    except DomainError as error:
        if is_refusal(error):
            FORM_SUBMISSIONS.labels("limited" if isinstance(error, TooManySubmissions) else "refused").inc()
        answer = domain_problem(request, error)
    except HTTPException as error:
        FORM_SUBMISSIONS.labels("refused").inc()
        error.headers = {**(error.headers or {}), **shared}
        raise
    answer.headers.update(shared)
    return answer


def _key_in(request: Request) -> str | None:
    """Return the secret that was sent, in one of the two places."""
    keys = [*request.headers.getlist(KEY_HEADER), *request.query_params.getlist(KEY)]
    return keys[0] if len(keys) == 1 else None


def _shared_with(form: Form, request: Request) -> Mapping[str, str]:
    """Make the headers by which a browser lets scripts of a site of the form send it and read the answer."""
    origin = request.headers.get("origin")
    if origin is None or not form.admits(origin):
        return {"Vary": "Origin"}
    return {
        "Vary": "Origin",
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Methods": "POST",
        "Access-Control-Allow-Headers": f"Content-Type, Idempotency-Key, {KEY_HEADER}",
        "Access-Control-Max-Age": _PREFLIGHT_S,
    }


async def _submitted(inbound: Inbound, request: Request) -> Response:
    """Take a submission of the form that was found for the request."""
    form: Form = request.state.form
    cause = _cause(form, request)
    form.check_open(request.headers.get("origin"))
    await check_rate(form, cause, counts=inbound.counts)
    besides = [(name, value) for name, value in request.query_params.multi_items() if name != KEY]
    submission = Submission(await read_content(request, besides=besides))
    if len(submission.ids) > 1:
        raise invalid_field(SUBMISSION_ID, "repeated_field", "one value is expected")
    if any(len(each) > MAX_ID for each in submission.ids):
        raise invalid_field(SUBMISSION_ID, "too_long", f"at most {MAX_ID} characters are allowed")
    taken = await take_submission(
        form,
        submission,
        new_lead(form, submission, inbound.default_country),
        cause,
        create=partial(
            (await inbound.new_leads()).create,
            leads=inbound.leads,
            collaborators=inbound.collaborators,
            stages=await inbound.stages.open(),
        ),
        leads=inbound.lead_views,
    )
    FORM_SUBMISSIONS.labels(taken.outcome).inc()
    if form.thanks_url and kind_of(request) != JSON and "text/html" in request.headers.get("accept", ""):
        return RedirectResponse(form.thanks_url, _SEE_OTHER)
    return JSONResponse(SubmissionAccepted(submission_id=taken.submission_id).model_dump(), 202)


def _cause(form: Form, request: Request) -> Cause:
    """Make the cause of what a submission does, but for its key, which follows from the content."""
    app_context = context_of(request)
    return Cause(
        key=form.actor,
        actor=form.actor,
        at=app_context.clock(),
        correlation_id=request.state.correlation_id,
        traceparent=current_traceparent(),
    )
