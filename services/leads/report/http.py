"""HTTP API of reports over leads."""

from typing import Annotated

from crm_contracts.elements import LEAD
from fastapi import APIRouter, Query

from services.leads.permissions import CanRead
from services.leads.report.schemas import Period, SourceOut, SourcesOut
from services.leads.report.store import LeadReports
from shared.elements.http.rights import records_for
from shared.kit.web.routes import router


def build_router(reports: LeadReports) -> APIRouter:
    """Build the endpoints."""
    api = router("reports")

    @api.get("/reports/lead-sources", operation_id="readLeadSources")
    async def sources(call: CanRead, period: Annotated[Period, Query()]) -> SourcesOut:
        """Count the leads of a period by source and by what has become of them, of those that the caller may read.

        A lead counts where it stands now, for the period in which it came in (LEAD-23).
        """
        begin, end = period.bounds(call.cause.at)
        found = await reports.sources(begin, end, allowed=records_for(call, LEAD))
        return SourcesOut(created_from=begin, created_before=end, items=[SourceOut.of(each) for each in found])

    return api
