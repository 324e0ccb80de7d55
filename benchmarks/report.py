"""Write the figures into the pages: tables, and a chart beside them."""

from pathlib import Path
from typing import Final

import matplotlib as mpl
import matplotlib.pyplot as plt

from benchmarks import scaling
from benchmarks.results import NOTHING, Amount, Results, Row, Side

DOCS: Final = Path(__file__).parents[1] / "docs"
PERFORMANCE: Final = DOCS / "performance.md"
SCALING: Final = DOCS / "scaling.md"
CHART: Final = DOCS / "performance.png"
_ALONE: Final = ("<!-- figures: written by `make bench` -->", "<!-- end of figures -->")
_AGAINST: Final = ("<!-- figures: written by `make bench AGAINST=...` -->", "<!-- end of the comparison -->")
_SCALING: Final = ("<!-- figures: written by `make bench` -->", "<!-- end of figures -->")


def write(results: Results) -> None:
    """Write the tables of a run into the pages, and its chart; the text around them stays."""
    replace_between(PERFORMANCE, _AGAINST if results.against else _ALONE, table(results))
    if not results.against:
        draw(results)
    measured = Results.newest(having=scaling.LOADED)
    if measured is not None:
        replace_between(SCALING, _SCALING, scaling.page(measured))


def replace_between(page: Path, marks: tuple[str, str], text: str) -> None:
    """Replace what is between two marks.

    Raises:
        ValueError: the page has not got both marks.
    """
    before, begin, rest = page.read_text(encoding="utf-8").partition(marks[0])
    _, end, after = rest.partition(marks[1])
    if not begin or not end:
        raise ValueError(f"{page.name} lacks {marks}")
    page.write_text(f"{before}{begin}\n\n{text}\n{end}{after}", encoding="utf-8")


def table(results: Results) -> str:
    """Format the results as Markdown."""
    facts = results.machine
    machine = f"{facts['cores']} cores ({facts['processor']}), Python {facts['python']}"
    beside = f", by turns with {results.against}" if results.against else ""
    heads = ["", "", "ours", "p50 / p95 / p99 ms", "bare limit", "its p50 ms", "ratio (spread)"]
    if results.against:
        heads += [results.against, "its p50 ms", "ours to it (lowest to highest)"]
    heads += ["target", ""]
    lines = [
        f"Measured {results.at} at {facts['commit']}{beside}: {machine}; {results.servers}.",
        "",
        f"| {' | '.join(heads)} |",
        f"|{'---|' * len(heads)}",
        *(_line(row, against=bool(results.against)) for row in results.rows),
        *_amounts(results),
        "",
        "CPU milliseconds per conversion, and megabytes of memory:",
        "",
        *_processes(results),
    ]
    lines += ["", "Bytes per lead that is created and converted:", "", *_growth(results)]
    return "\n".join([*lines, *([] if results.against else ["", f"![Ratios to the bare limits]({CHART.name})"]), ""])


def _line(row: Row, *, against: bool) -> str:
    limit, theirs = row.limit, row.theirs
    what = f"{row.what}; {row.notes}" if row.notes else row.what
    cells = [row.benchmark, what, *_side(row.ours), *(_rate_and_p50(limit)), _ratio(row)]
    if against:
        cells += [*_rate_and_p50(theirs), _times(row)]
    return f"| {' | '.join([*cells, ', '.join(_targets(row)), verdict(row.is_met)])} |"


def _side(side: Side) -> tuple[str, str]:
    if side == NOTHING:
        return "not there", ""
    latencies = " / ".join(_median(each, ".0f") for each in (side.p50, side.p95, side.p99)) if side.p50 else ""
    return f"{_median(side.per_second)}/s", latencies


def _rate_and_p50(side: Side | None) -> tuple[str, str]:
    if side is None:
        return "", ""
    return f"{_median(side.per_second)}/s", _median(side.p50, ".0f") if side.p50 else ""


def _ratio(row: Row) -> str:
    if row.p99_at_most and row.own_p99:
        return f"p99 **{row.own_p99.median:.1f}x** of its p99"
    if row.by_latency and row.times_p50 and row.times_p99:
        return f"p50 **{row.times_p50.median:.1f}x**, p99 **{row.times_p99.median:.1f}x** of its p50"
    return f"**{row.ratio.median:.2f}** ({row.ratio.spread:.0%})" if row.ratio else ""


def _times(row: Row) -> str:
    if row.times is None:
        return ""
    text = f"**{row.times.median:.2f}x** ({min(row.times.values):.2f} to {max(row.times.values):.2f})"
    if row.their_p50 is not None:
        lowest, highest = min(row.their_p50.values), max(row.their_p50.values)
        text += f", p50 **{row.their_p50.median:.2f}x** ({lowest:.2f} to {highest:.2f})"
    return text


def _targets(row: Row) -> list[str]:
    targets = [f"≥ {row.at_least}"] if row.at_least else []
    if row.p99_at_most and row.own_p99:
        targets.append(f"p99 ≤ {row.p99_at_most:g}x")
    if row.p99_below_ms:
        targets.append(f"p99 < {row.p99_below_ms:g} ms")
    if row.p50_below and row.p99_below:
        targets.append(f"p50 < {row.p50_below:g}x, p99 < {row.p99_below:g}x")
    if row.times_at_least and row.theirs:
        targets.append(f"≥ {row.times_at_least:g}x")
    if row.p50_at_most and row.theirs:
        targets.append(f"p50 ≤ {row.p50_at_most:g}x")
    return targets


def _amounts(results: Results) -> list[str]:
    if not results.amounts:
        return []
    heads = ["", "ours", results.against, "ours to it", "target", ""]
    return ["", f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}", *(_amount(each) for each in results.amounts)]


def _amount(amount: Amount) -> str:
    target = "" if amount.at_most is None else f"≤ {amount.at_most:g}x"
    cells = [amount.what, f"{amount.ours:,}", f"{amount.theirs:,}", f"**{amount.times:.2f}x**", target]
    return f"| {' | '.join([*cells, verdict(amount.is_met)])} |"


def verdict(is_met: bool | None) -> str:  # noqa: FBT001 - the answer itself
    """Say whether a target is met."""
    return {True: "met", False: "**missed**", None: ""}[is_met]


def _processes(results: Results) -> list[str]:
    loaded = results.row(scaling.LOADED)
    if loaded is None or loaded.limit is None:
        return []
    sides = {"ours, 16 callers": loaded.ours, "bare limit": loaded.limit}
    if loaded.theirs is not None:
        sides[results.against] = loaded.theirs
    moments = list(results.memory_mib)
    heads = ["process", *sides, *(f"MiB {moment}" for moment in moments)]
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    for name in loaded.ours.cpu_ms:
        shown = "callers, or the limit itself" if name == "measuring" else name
        cells = [f"{side.cpu_ms.get(name, 0):.1f}" for side in sides.values()]
        cells += [str(results.memory_mib[moment].get(name, "")) for moment in moments]
        lines.append(f"| {' | '.join([shown, *cells])} |")
    totals = [f"{sum(side.cpu_ms.values()):.1f}" for side in sides.values()]
    totals += [str(sum(results.memory_mib[moment].values())) for moment in moments]
    return [*lines, f"| {' | '.join(['together', *totals])} |"]


def _growth(results: Results) -> list[str]:
    kinds = list(dict.fromkeys(kind for sizes in results.growth.values() for kind in sizes))
    lines = [f"| | {' | '.join(kinds)} |", f"|---|{'---|' * len(kinds)}"]
    for name, sizes in results.growth.items():
        lines.append(f"| {name} | {' | '.join(f'{sizes[kind]:,}' if kind in sizes else '' for kind in kinds)} |")
    return lines


def _median(values: tuple[float, ...], how: str = ".1f") -> str:
    return format(sorted(values)[len(values) // 2], how)


def draw(results: Results) -> None:
    """Draw the ratios as bars, each with its target."""
    mpl.use("Agg")
    rows = [row for row in results.rows if row.ratio is not None]
    figure, axes = plt.subplots(figsize=(9, 0.5 * len(rows) + 1), layout="constrained")
    for place, row in enumerate(reversed(rows)):
        if row.ratio is None:
            continue
        low, high = (abs(row.ratio.median - edge) for edge in (min(row.ratio.values), max(row.ratio.values)))
        colour = "#b0413e" if row.is_met is False else "#3b6ea5"
        axes.barh(place, row.ratio.median, xerr=[[low], [high]], color=colour, height=0.6)
        if row.at_least:
            axes.plot([row.at_least] * 2, [place - 0.4, place + 0.4], color="black", linewidth=2)
    axes.set_yticks(range(len(rows)), [f"{row.benchmark} {row.what}" for row in reversed(rows)])
    axes.set_xlabel("share of what each is compared with, mostly its bare limit; black: target")
    figure.savefig(CHART, dpi=110, metadata={"Software": None})
    plt.close(figure)
