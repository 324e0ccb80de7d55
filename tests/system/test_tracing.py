"""One conversion is one trace, over the processes of the services."""

from uuid import uuid4

from tests.collector import Collector, ExportedSpan
from tests.system.crm import Crm, a_phone, until

CALLER = "00f067aa0ba902b7"


async def test_a_conversion_is_one_trace_from_the_request_to_the_last_entry_of_the_timeline(
    crm: Crm, collector: Collector
) -> None:
    company, _ = await crm.new_company("Traced GmbH", "One", "Two")
    lead = await crm.new_lead(last_name="Traced", phones=[{"value": a_phone()}])
    linked = await crm.call("PUT", "leads", f"/leads/{lead}/client", {"company_id": company}, Prefer="wait=60")
    assert linked.status_code == 200, linked.text
    trace = uuid4().hex

    converted = await crm.call(
        "POST",
        "leads",
        f"/leads/{lead}/conversion",
        {"targets": ["deal"]},
        Prefer="wait=60",
        traceparent=f"00-{trace}-{CALLER}-01",
    )
    assert converted.status_code == 200, converted.text
    spans = await until(lambda: _of(collector, trace), _is_whole)
    assert {span.service for span in spans} == {"crm-leads", "crm-clients", "crm-deals", "crm-timeline"}
    request = ["POST /v1/leads/{lead_id}/conversion", "process crm.lead.deal_requested.v1"]
    assert _way_to("process crm.lead.converted.v1", spans) == [
        *request,
        "process crm.deal.created.v1",
        "process crm.lead.converted.v1",
    ]
    assert _way_to("process crm.deal.contacts_attached.v1", spans) == [
        *request,
        "process crm.deal.created.v1",
        "process crm.element.contacts_resolved.v1",
        "process crm.deal.contacts_attached.v1",
    ]
    assert _way_to("publish crm.lead.converted.v1", spans, service="crm-leads") == [
        *request,
        "process crm.deal.created.v1",
        "publish crm.lead.converted.v1",
    ]


async def _of(collector: Collector, trace: str) -> list[ExportedSpan]:
    return collector.of_trace(trace)


def _is_whole(spans: list[ExportedSpan]) -> bool:
    """The timeline has told both ends, and no span hangs in the air."""
    told = {span.name for span in spans if span.service == "crm-timeline"}
    ends = {"process crm.lead.converted.v1", "process crm.deal.contacts_attached.v1"}
    known = {CALLER, *(span.id for span in spans)}
    published = any(span.name == "publish crm.lead.converted.v1" for span in spans)
    return ends <= told and published and all(span.parent in known for span in spans)


def _way_to(name: str, spans: list[ExportedSpan], service: str = "crm-timeline") -> list[str]:
    """The names from the request, which the caller is the parent of, down to the one span of this name."""
    by_id = {span.id: span for span in spans}
    (span,) = (each for each in spans if (each.name, each.service) == (name, service))
    way = [span.name]
    while span.parent != CALLER:
        span = by_id[span.parent]
        way.insert(0, span.name)
    return way
