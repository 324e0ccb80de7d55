"""An element chose requisites: it is told that they fit, or which of them does not (REQ-05)."""

from collections.abc import Sequence
from typing import Protocol

from crm_contracts.client_answers import ElementRequisitesConfirmed, ElementRequisitesRefused
from crm_contracts.values import ElementRef

from services.clients.domain.choice import Choice, wrong_with
from services.clients.domain.company import Company
from services.clients.domain.contact import Contact
from shared.kit.domain import Cause
from shared.kit.messaging.publishing import Answers


class RequisiteOwners(Protocol):
    """Knows who may have requisites."""

    async def standing_for(self, refs: Sequence[ElementRef]) -> Sequence[Contact | Company]:
        """Who these contacts and companies are now: themselves, or whom they were merged into."""
        ...

    async def sellers_with(self, requisite_id: str) -> Sequence[Company]:
        """Companies of ours with this requisite."""
        ...


async def answer_requisites(
    element: ElementRef, choice: Choice, cause: Cause, *, views: RequisiteOwners, answers: Answers
) -> None:
    """Answer the question that a pending choice is; one handler for every type of element.

    Nothing changes here, so the answer's id follows from the question's.

    Raises:
        NotYet: a merge is just bringing the requisite to one of the clients.
    """
    link = choice.link
    if link.state != "pending":
        return
    theirs = await views.standing_for(choice.clients) if link.requisite_id else ()
    ours = await views.sellers_with(link.mc_requisite_id) if link.mc_requisite_id else ()
    wrong = wrong_with(link, theirs, ours)
    answer: ElementRequisitesConfirmed | ElementRequisitesRefused
    if wrong is None:
        answer = ElementRequisitesConfirmed(element=element, choice_no=link.choice_no)
    else:
        answer = ElementRequisitesRefused(element=element, choice_no=link.choice_no, code=wrong.code, field=wrong.field)
    await answers.give(answer, subject=element.id, cause=cause)
