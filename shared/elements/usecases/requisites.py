"""Choose the requisites of an element, and apply the answers whether they fit (REQ-05)."""

from typing import TypeVar

from crm_contracts.client_answers import ElementRequisitesConfirmed, ElementRequisitesRefused
from crm_contracts.requisites import RequisiteChoice

from shared.elements.domain.requisite_trait import HasRequisites
from shared.kit.domain import Cause
from shared.kit.storage.repository import Records

R = TypeVar("R", bound=HasRequisites)


async def choose_requisites(
    id_: str, choice: RequisiteChoice, cause: Cause, *, elements: Records[R], expected_version: int | None = None
) -> R:
    """Choose requisites as a whole; whether they fit is requested, and answered later.

    Raises:
        NotFound: no such element.
        VersionMismatch: the caller's copy is old.
    """
    return await elements.change(
        id_,
        lambda element: element.choose_requisites(choice, by=cause.actor, at=cause.at),
        cause,
        expected_version=expected_version,
    )


async def confirm_requisites(
    answer: ElementRequisitesConfirmed, cause: Cause, *, elements: Records[HasRequisites]
) -> None:
    """Confirm that the requisites fit."""
    await elements.change(
        answer.element.id,
        lambda element: element.confirm_requisites(choice_no=answer.choice_no, by=cause.actor, at=cause.at),
        cause,
    )


async def refuse_requisites(
    answer: ElementRequisitesRefused, cause: Cause, *, elements: Records[HasRequisites]
) -> None:
    """Choose none, because one does not fit."""
    await elements.change(
        answer.element.id,
        lambda element: element.refuse_requisites(
            choice_no=answer.choice_no, code=answer.code, field=answer.field, by=cause.actor, at=cause.at
        ),
        cause,
    )
