"""What was measured is kept as it was, and the page says what was found: a missed target is called missed."""

from pathlib import Path

import pytest

from benchmarks import results
from benchmarks.figures import Run
from benchmarks.report import replace_between, table
from benchmarks.results import NOTHING, Amount, Results, Row, Side


def a_side(*rates: float, p50: float = 10, p99: float = 20) -> Side:
    every = len(rates)
    return Side(rates, (p50,) * every, (p50,) * every, (p99,) * every, cpu_ms={"leads": 2.5})


def some_results(*rows: Row) -> Results:
    found = Results.begin("Kafka maven, MongoDB wheel", commit="15c17ab", quick=False)
    found.rows = list(rows)
    found.memory_mib = {"at rest": {"leads": 90}}
    found.growth = {"leads": {"documents": 1_900, "events": 20_000}, "kafka": {"on disk": 40_000}}
    return found


def test_results_are_read_as_they_were_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "FOLDER", tmp_path)
    found = some_results(
        Row("B2", "convert leads", a_side(1, 2), limit=a_side(4, 4), at_least=0.45), Row("B7", "x", a_side(1))
    )
    assert Results.read(found.save()) == found


def test_a_target_is_met_by_the_median_of_the_ratios() -> None:
    met = Row("B2", "x", a_side(5, 1, 4), limit=a_side(10, 10, 8), at_least=0.45)
    assert (met.ratio is not None and met.ratio.values, met.is_met) == ((0.5, 0.1, 0.5), True)
    assert Row("B2", "x", a_side(4), limit=a_side(10), at_least=0.45).is_met is False
    assert Row("B3", "x", a_side(4), limit=a_side(10)).is_met is None


def test_latencies_are_held_against_the_median_latency_of_the_limit() -> None:
    limit = a_side(10, p50=40, p99=500)
    row = Row("B2", "x", a_side(10, p50=119, p99=239), limit=limit, p50_below=3, p99_below=6)
    assert row.is_met is True
    late = Row("B2", "x", a_side(10, p50=119, p99=240), limit=limit, p50_below=3, p99_below=6)
    assert late.is_met is False


def test_the_page_says_which_target_was_missed() -> None:
    page = table(
        some_results(
            Row("B1", "create leads", a_side(5), limit=a_side(10), at_least=0.45),
            Row("B4", "tell", a_side(4), limit=a_side(10), at_least=0.5),
        )
    )
    lines = {line.split(" | ")[0].strip("| "): line for line in page.splitlines() if line.startswith("| B")}
    assert lines["B1"].endswith("| ≥ 0.45 | met |")
    assert "**0.40**" in lines["B4"]
    assert lines["B4"].endswith("| **missed** |")


def test_a_side_has_the_figures_of_its_runs() -> None:
    runs = [Run((0.01, 0.03), 2.0, 2, {"leads": 0.5}), Run((0.02, 0.02), 1.0, 2, {"leads": 0.1})]
    side = Side.of(runs)
    assert (side.per_second, side.p50, side.p99, side.cpu_ms) == (
        (1.0, 2.0),
        (10.0, 20.0),
        (30.0, 20.0),
        {"leads": 50.0},
    )
    assert Side.of([Run((), 2.0, 10)]) == Side((5.0,))


def test_another_revision_is_compared_by_rate_and_by_latency() -> None:
    faster = Row("B2", "x", a_side(40, 44, p50=6), theirs=a_side(20, 20, p50=10), times_at_least=2.0, p50_at_most=0.65)
    assert faster.times is not None
    assert (faster.times.values, faster.is_met) == ((2.0, 2.2), True)
    assert Row("B2", "x", a_side(39), theirs=a_side(20), times_at_least=2.0).is_met is False
    slower = Row("B2", "x", a_side(40, p50=7), theirs=a_side(20, p50=10), p50_at_most=0.65)
    assert slower.is_met is False
    assert Row("B2", "x", a_side(39), times_at_least=2.0).is_met is None, "no other revision was measured"


def test_the_comparison_says_both_rates_the_ratio_and_its_spread() -> None:
    found = some_results(
        Row("B2", "convert leads, 16 callers", a_side(40, 44), limit=a_side(100, 100), theirs=a_side(20, 20)),
        Row("B10", "create in batches: POST /v1/leads/batch is not there", NOTHING, at_least=3.0),
    )
    found.against = "f9eee3b"
    found.amounts = [Amount("MiB after the load", 900, 1000, at_most=1.0), Amount("bytes", 700, 1000, at_most=0.6)]
    page = table(found)
    assert "by turns with f9eee3b" in page
    assert "| **2.10x** (2.00 to 2.20), p50 **1.00x** (1.00 to 1.00) |" in page
    assert "| process | ours, 16 callers | bare limit | f9eee3b | MiB at rest |" in page
    assert "| not there |" in page
    assert page.count("**missed**") == 2
    assert "| MiB after the load | 900 | 1,000 | **0.90x** | ≤ 1x | met |" in page


def test_a_comparison_is_kept_beside_a_run_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "FOLDER", tmp_path)
    alone, quick, both = some_results(), some_results(), some_results(Row("B2", "x", a_side(1), theirs=a_side(2)))
    alone.at, quick.at, both.at = (f"2026-11-2{day}T10:00:00+00:00" for day in (1, 3, 2))
    quick.quick, both.against, both.amounts = True, "f9eee3b", [Amount("bytes", 1, 2)]
    for each in (alone, quick, both):
        each.save()
    assert Results.newest() == both
    assert Results.newest(against=True) == both
    assert Results.newest(against=False) == alone
    assert Results.newest(having="x") == both
    assert Results.newest(having="y") is None


def test_figures_replace_those_before_and_leave_the_text_around(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("Before.\n<!-- a -->\nold\n<!-- b -->\nAfter.\n", encoding="utf-8")
    replace_between(page, ("<!-- a -->", "<!-- b -->"), "new")
    assert page.read_text(encoding="utf-8") == "Before.\n<!-- a -->\n\nnew\n<!-- b -->\nAfter.\n"
    with pytest.raises(ValueError, match="lacks"):
        replace_between(page, ("<!-- c -->", "<!-- d -->"), "new")
