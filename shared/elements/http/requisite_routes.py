"""The route of elements for which requisites are chosen (REQ-05)."""

from typing import TypeVar

from crm_contracts.elements import ELEMENTS
from fastapi import APIRouter, Path, Response
from pydantic import BaseModel

from shared.elements.domain.requisite_trait import HasRequisites
from shared.elements.http.answers import ShowsElement, versioned
from shared.elements.http.rights import rights_of
from shared.elements.schemas.requisites import RequisitesIn, RequisitesRefused
from shared.elements.usecases.client_names import name_clients
from shared.elements.usecases.collaborators import KnownNames
from shared.elements.usecases.requisites import choose_requisites
from shared.kit.storage.repository import Records
from shared.kit.web.call import Call, needs
from shared.kit.web.conditions import IfMatch, Waiting
from shared.kit.web.routes import router
from shared.kit.web.waiting import LongPolls

R = TypeVar("R", bound=HasRequisites)


def requisite_routes(
    elements: Records[R], out: type[ShowsElement[R]], *, client_names: KnownNames, long_polls: LongPolls
) -> APIRouter:
    """Make the route of one type."""
    type_, api = ELEMENTS[elements.noun], router()
    can_write, id_ = needs(f"{type_.service}:write"), Path(alias=f"{type_.noun}_id")

    @api.put(
        f"/{type_.plural}/{{{type_.noun}_id}}/requisites",
        tags=["client field"],
        response_model=out,
        responses={202: {"model": out}},
    )
    async def choose(
        body: RequisitesIn,
        response: Response,
        if_match: IfMatch,
        wait: Waiting,
        *,
        element_id: str = id_,
        call: Call = can_write,
    ) -> BaseModel:
        """Choose the client's requisites and ours (REQ-05): 202 while clients is asked whether they fit."""
        guarded = call.guard(elements)
        element = await choose_requisites(
            element_id, body.choice, call.cause, elements=guarded, expected_version=if_match
        )
        element = await long_polls.until_record(guarded, element_id, _is_answered, wait, so_far=element)
        link = element.requisite_link
        if link.state == "refused":
            raise RequisitesRefused(link)
        (named,) = await name_clients([element], client_names=client_names, rights=rights_of(call))
        return versioned(out.of(named), named, response, 202 if link.state == "pending" else 200)

    return api


def _is_answered(element: HasRequisites) -> bool:
    return element.requisite_link.state != "pending"
