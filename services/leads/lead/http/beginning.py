"""Begin conversions for a caller: what the routes of one lead and of many have in common (LEAD-11)."""

from dataclasses import dataclass
from functools import partial

from services.leads.lead.domain.conversion_request import ConversionRequest
from services.leads.lead.domain.lead import Lead
from services.leads.lead.http.conversion_rights import check_targets
from services.leads.lead.schemas import ConversionIn, ConversionsIn
from services.leads.lead.usecases import convert_lead
from services.leads.pipeline.store import PipelinesOfDeals
from shared.elements.usecases.collaborators import Collaborators
from shared.kit.domain import Cause
from shared.kit.storage.repository import Repository
from shared.kit.web.call import Call
from shared.kit.web.waiting import LongPolls


@dataclass(frozen=True, slots=True)
class Conversions:
    """What conversions are begun and followed with.

    Attributes:
        silence_s: after how many seconds without an answer a request is repeated.
    """

    leads: Repository[Lead]
    pipelines: PipelinesOfDeals
    collaborators: Collaborators
    long_polls: LongPolls
    silence_s: float

    async def terms(self, body: ConversionIn | ConversionsIn) -> "Terms":
        """Read what is asked for.

        Raises:
            PipelineNotFound: there is none of that id, as far as leads has heard.
        """
        first_stages = await self.pipelines.first_stages()
        return Terms(self, body.to_domain(first_stages), first_stages.get(body.pipeline_id))


@dataclass(frozen=True, slots=True)
class Terms:
    """What a caller asks for, of one lead or of many.

    Attributes:
        first_stage: where the deal starts.
    """

    conversions: Conversions
    request: ConversionRequest
    first_stage: str | None

    async def begin(self, lead_id: str, call: Call, cause: Cause, *, expected_version: int | None = None) -> Lead:
        """Begin the conversion of a lead, once for all repeats: see `convert_lead`."""
        return await convert_lead(
            lead_id,
            self.request,
            cause,
            leads=call.guard(self.conversions.leads),
            new_id=self.conversions.collaborators.new_id,
            check_targets=partial(check_targets, call, self.request, self.first_stage),
            silence_s=self.conversions.silence_s,
            expected_version=expected_version,
        )
