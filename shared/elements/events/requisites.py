"""React to the answers whether chosen requisites fit (REQ-05)."""

from collections.abc import Mapping

from crm_contracts.client_answers import ElementRequisitesConfirmed, ElementRequisitesRefused
from crm_contracts.envelope import Envelope

from shared.elements.domain.requisite_trait import HasRequisites
from shared.elements.usecases.requisites import confirm_requisites, refuse_requisites
from shared.kit.domain import Cause
from shared.kit.messaging.reactions import Reactions, on
from shared.kit.storage.repository import Records


def requisite_reactions(owners: Mapping[str, Records[HasRequisites]]) -> Reactions:
    """Make the reactions of a service whose elements, by the noun of their type, choose requisites."""

    async def on_element_requisites_confirmed(event: Envelope[ElementRequisitesConfirmed], cause: Cause) -> None:
        elements = owners.get(event.data.element.type)
        if elements is not None:
            await confirm_requisites(event.data, cause, elements=elements)

    async def on_element_requisites_refused(event: Envelope[ElementRequisitesRefused], cause: Cause) -> None:
        elements = owners.get(event.data.element.type)
        if elements is not None:
            await refuse_requisites(event.data, cause, elements=elements)

    return [
        on(ElementRequisitesConfirmed, on_element_requisites_confirmed),
        on(ElementRequisitesRefused, on_element_requisites_refused),
    ]
