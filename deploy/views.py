"""Timelines, traces and conversions as an operator reads them on a terminal."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.tree import Tree

from deploy.imports import Counts


def timeline(console: Console, element: str, entries: Iterable[Mapping[str, Any]]) -> None:
    """Entries, newest first."""
    table = Table("when", "who", "what", title=f"Timeline of {element}", title_justify="left")
    for entry in entries:
        at = datetime.fromisoformat(entry["occurred_at"])
        table.add_row(f"{at:%Y-%m-%d %H:%M:%S}", entry["actor"], escape(entry["text"]))
    console.print(table)


def trace(console: Console, found: Mapping[str, Any]) -> None:
    """The steps as a tree over the services, with the time that each took."""
    tree = Tree(f"Trace {escape(found['correlation_id'])}: {found['total_ms']:.0f} ms in all")
    for step in found["steps"]:
        _branch(tree, step)
    console.print(tree)
    if found["truncated"]:
        console.print("(there are more steps than are shown)")


def _branch(tree: Tree, step: Mapping[str, Any]) -> None:
    below = tree.add(f"[cyan]{step['service']}[/] {step['type']} [dim]+{step['elapsed_ms']:.0f} ms[/]")
    for child in step["children"]:
        _branch(below, child)


def conversion(console: Console, outcome: str, result: Mapping[str, Any]) -> None:
    """What a conversion led to."""
    console.print(f"{outcome}, attempt {result['attempt']}, correlation id {result['correlation_id']}", soft_wrap=True)
    for name in ("contact", "company", "deal"):
        if result[name]:
            console.print(f"  {name:8} {result[name]['id']}  {escape(result[name]['title'] or '')}")


def counts(console: Console, file: str, found: Counts) -> None:
    """How an import ended."""
    console.print(
        f"{file}: {found.created} created, {found.updated} updated, {found.unchanged} unchanged, "
        f"{found.rejected} rejected in {found.seconds:.1f} s"
    )


def deal(console: Console, found: Mapping[str, Any]) -> None:
    """A deal with its client."""
    client, amount = found["client"], found["amount"]
    table = Table(title=f"Deal {found['number']}: {escape(found['title'])}", title_justify="left", show_header=False)
    table.add_row("stage", found["stage_id"])
    table.add_row("amount", f"{amount['value']} {amount['currency']}")
    table.add_row("company", escape((client["company"] or {}).get("title") or "none"))
    for link in client["contacts"]:
        came = " (came with the company)" if link["auto_linked_from"] else ""
        primary = " [bold]primary[/]" if link["is_primary"] else ""
        table.add_row("contact", f"{escape(link['title'] or link['contact_id'])}{primary}{came}")
    console.print(table)
