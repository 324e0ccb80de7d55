"""Write the figures into docs/performance.md: a table, and a chart beside it."""

from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt

from benchmarks.results import Results, Row

DOCS = Path(__file__).parents[1] / "docs"
PAGE = DOCS / "performance.md"
CHART = DOCS / "performance.png"
_BEGIN, _END = "<!-- figures: written by `make bench` -->", "<!-- end of figures -->"


def write(results: Results) -> None:
    """Write table and chart of a run into the page; the text around them stays."""
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    PAGE.write_text(f"{before}{_BEGIN}\n\n{table(results)}\n{_END}{after}", encoding="utf-8")
    draw(results)


def table(results: Results) -> str:
    """Format the results as Markdown."""
    facts = results.machine
    machine = f"{facts['cores']} cores ({facts['processor']}), Python {facts['python']}"
    lines = [
        f"Measured {results.at} at {facts['commit']}: {machine}; {results.servers}.",
        "",
        "| | | ours | p50 / p95 / p99 ms | bare limit | its p50 ms | ratio (spread) | target | |",
        "|---|---|---|---|---|---|---|---|---|",
        *(_line(row) for row in results.rows),
        "",
        "CPU milliseconds per conversion, and megabytes of memory:",
        "",
        *_processes(results),
    ]
    lines += ["", "Bytes per lead that is created and converted:", "", *_growth(results)]
    return "\n".join([*lines, "", f"![Ratios to the bare limits]({CHART.name})", ""])


def _line(row: Row) -> str:
    ours, limit = row.ours, row.limit
    latencies = " / ".join(_median(each, ".0f") for each in (ours.p50, ours.p95, ours.p99)) if ours.p50 else ""
    bare = f"{_median(limit.per_second)}/s" if limit else ""
    bare_p50 = _median(limit.p50, ".0f") if limit and limit.p50 else ""
    ratio = f"**{row.ratio.median:.2f}** ({row.ratio.spread:.0%})" if row.ratio else ""
    targets = [f"≥ {row.at_least}"] if row.at_least else []
    if row.p99_at_most and row.own_p99:
        ratio = f"p99 **{row.own_p99.median:.1f}x** of its p99"
        targets.append(f"p99 ≤ {row.p99_at_most:g}x")
    elif row.by_latency and row.times_p50 and row.times_p99:
        ratio = f"p50 **{row.times_p50.median:.1f}x**, p99 **{row.times_p99.median:.1f}x** of its p50"
    if row.p99_below_ms:
        targets.append(f"p99 < {row.p99_below_ms:g} ms")
    if row.p50_below and row.p99_below:
        targets.append(f"p50 < {row.p50_below:g}x, p99 < {row.p99_below:g}x")
    verdict = {True: "met", False: "**missed**", None: ""}[row.is_met]
    cells = [row.benchmark, row.what, f"{_median(ours.per_second)}/s", latencies, bare, bare_p50, ratio]
    return f"| {' | '.join([*cells, ', '.join(targets), verdict])} |"


def _processes(results: Results) -> list[str]:
    loaded = next((row for row in results.rows if row.what == "convert leads, 16 callers" and row.limit), None)
    if loaded is None or loaded.limit is None:
        return []
    moments = list(results.memory_mib)
    lines = [
        f"| process | ours, 16 callers | bare limit | {' | '.join(f'MiB {moment}' for moment in moments)} |",
        f"|---|---|---|{'---|' * len(moments)}",
    ]
    for name in loaded.ours.cpu_ms:
        memory = " | ".join(str(results.memory_mib[moment].get(name, "")) for moment in moments)
        shown = "callers, or the limit itself" if name == "measuring" else name
        cpu = f"{loaded.ours.cpu_ms[name]:.1f} | {loaded.limit.cpu_ms.get(name, 0):.1f}"
        lines.append(f"| {shown} | {cpu} | {memory} |")
    totals = " | ".join(f"{sum(side.cpu_ms.values()):.1f}" for side in (loaded.ours, loaded.limit))
    return [*lines, f"| together | {totals} | {' | '.join('' for _ in moments)} |"]


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
    axes.set_xlabel("share of the bare limit (B8: of the rate without a past); black: target")
    figure.savefig(CHART, dpi=110, metadata={"Software": None})
    plt.close(figure)
