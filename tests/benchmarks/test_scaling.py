"""What larger rates take follows from what was measured, and the page says just that."""

import pytest

from benchmarks import report, scaling
from benchmarks.results import Results
from benchmarks.scaling import limits, needs, page, partitions_in_production

CPU_MS = {"leads": 7.0, "deals": 3.5, "mongo": 11.2, "kafka": 5.6}


def test_a_rate_takes_its_cpu_time_and_room_for_peaks() -> None:
    found = needs(1_000, CPU_MS, bytes_each=50_000)
    assert found.cores == {"leads": 7.0, "deals": 3.5, "mongo": pytest.approx(11.2), "kafka": pytest.approx(5.6)}
    assert found.replicas == {"leads": 10, "deals": 5}
    assert (found.partitions, found.shards, found.brokers) == (10, 1, 3)
    assert found.bytes_per_day == 1_000 * 50_000 * 86_400


def test_ten_times_the_rate_takes_ten_times_as_much_of_everything_but_the_least() -> None:
    small, large = (needs(rate, CPU_MS, bytes_each=1) for rate in (100, 10_000))
    assert (small.replicas, small.shards, small.brokers) == ({"leads": 2, "deals": 2}, 1, 3)
    assert (large.replicas, large.shards, large.brokers) == ({"leads": 100, "deals": 50}, 10, 10)


def test_the_busiest_service_limits_first_then_whatever_has_least_to_spare() -> None:
    found = limits(CPU_MS, partitions=12)
    assert [round(rate) for _, rate in found] == [100, 1_000, 1_000, 1_200]
    assert "leads" in found[0][0]


def test_partitions_are_those_of_production() -> None:
    assert partitions_in_production({"events": {"partitions": 6}}) == 6
    assert partitions_in_production({"events": {"partitions": {"local": 2, "production": 12}}}) == 12


def test_the_page_is_what_follows_from_the_newest_results() -> None:
    results = Results.newest(having=scaling.LOADED)
    assert results is not None
    text = report.SCALING.read_text(encoding="utf-8")
    assert page(results) in text, "python -m benchmarks pages"
    assert str(scaling.BUSY) in text or f"{scaling.BUSY:.0%}" in text
