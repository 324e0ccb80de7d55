"""What dashboards and alerts ask for is what the running services tell."""

from collections import defaultdict

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.promql import FROM_THE_SCRAPE, expressions, groupings_in, labels_in, metrics_in
from tests.system.conftest import SERVICES
from tests.system.crm import Crm, a_phone, until


async def _scraped(crm: Crm) -> dict[str, set[str]]:
    """The labels of every sample that the five services tell, by name."""
    found: dict[str, set[str]] = defaultdict(set)
    for name in SERVICES:
        answer = await crm.http.get(f"{crm.services[name].url}/metrics")
        assert answer.status_code == 200, answer.text
        for family in text_string_to_metric_families(answer.text):
            for sample in family.samples:
                found[sample.name] |= set(sample.labels)
    return found


async def test_every_metric_that_a_dashboard_or_an_alert_names_is_told_by_a_running_service(crm: Crm) -> None:
    lead = await crm.new_lead(last_name="Measured", phones=[{"value": a_phone()}])
    await crm.convert(lead)
    told = await until(lambda: _scraped(crm), lambda found: "crm_consumer_lag_records" in found)

    told["up"] = set()  # Prometheus makes it
    for where, expression in expressions():
        names = metrics_in(expression)
        assert names, where
        assert names <= told.keys(), where
        for name, labels in labels_in(expression).items():
            assert labels <= told[name] | FROM_THE_SCRAPE, where
        known = FROM_THE_SCRAPE.union(*(told[name] for name in names))
        assert groupings_in(expression) <= known, where


@pytest.mark.real_kafka
async def test_a_quiet_system_has_nothing_in_its_outboxes_and_no_lag(crm: Crm) -> None:
    await crm.settle()

    async def waiting() -> float:
        total = 0.0
        for name in SERVICES:
            answer = await crm.http.get(f"{crm.services[name].url}/metrics")
            for family in text_string_to_metric_families(answer.text):
                if family.name in {"crm_outbox_documents", "crm_outbox_oldest_age_seconds", "crm_consumer_lag_records"}:
                    total += sum(sample.value for sample in family.samples)
        return total

    assert await until(waiting, lambda total: total == 0) == 0
