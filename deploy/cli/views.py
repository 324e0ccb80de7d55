"""Print timelines, traces, conversions and dead letters on a terminal."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.tree import Tree

from deploy.cli.dead_letters import Group
from deploy.cli.imports import Counts

_MUCH: Final = 4_000
"""Characters of a record's value that are printed; `--json` prints all."""
_ACTIONS: Final = {"parked": "dead-lettered"}
"""Words of the glossary for actions that the API calls otherwise."""
_REASONS: Final = 10
"""Kinds of reasons for rejected rows that are printed; the file of rejected rows has all."""


def timeline(console: Console, element: str, entries: Iterable[Mapping[str, Any]]) -> None:
    """Print entries, newest first."""
    table = Table("when", "who", "what", title=f"Timeline of {element}", title_justify="left")
    for entry in entries:
        at = datetime.fromisoformat(entry["occurred_at"])
        table.add_row(f"{at:%Y-%m-%d %H:%M:%S}", entry["actor"], escape(entry["text"]))
    console.print(table)


def rebuild(console: Console, found: Mapping[str, Any]) -> None:
    """Print how a rebuild of the timeline ended."""
    compared = found["comparison"] or {}
    table = Table(title=f"Rebuild {found['id']}: {found['state']}", title_justify="left", show_header=False)
    table.add_row("events read", f"{found['read']} of {found['total']}")
    passed_over = [f"{found[name]} {name}" for name in ("unreadable", "unknown", "untold") if found[name]]
    if passed_over:
        table.add_row("passed over", ", ".join(passed_over))
    if compared:
        table.add_row("entries", str(compared["entries"]))
        table.add_row("marks", str(compared["marks"]))
        differing = [f"{compared[kind]} {kind}" for kind in ("missing", "extra", "different") if compared[kind]]
        table.add_row("differences", ", ".join(differing) or "0")
    if found["ended_at"]:
        took = datetime.fromisoformat(found["ended_at"]) - datetime.fromisoformat(found["requested_at"])
        table.add_row("seconds", f"{took.total_seconds():.1f}")
    if found["reason"]:
        table.add_row("reason", escape(found["reason"]))
    console.print(table)
    for example in compared.get("examples", ()):
        fields = f": {', '.join(example['fields'])}" if example["fields"] else ""
        console.print(
            f"  {example['kind']} in {example['collection']}: {escape(example['id'])}{fields}", soft_wrap=True
        )


def trace(console: Console, found: Mapping[str, Any]) -> None:
    """Print the steps as a tree over the services, with the time that each took."""
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
    """Print the results of a conversion."""
    when = " before" if outcome == "was converted" else ""
    said = f"{outcome}{when}, attempt {result['attempt']}, correlation id {result['correlation_id']}"
    console.print(said, soft_wrap=True)
    for name in ("contact", "company", "deal"):
        if result[name]:
            console.print(f"  {name:8} {result[name]['id']}  {escape(result[name]['title'] or '')}")


def counts(console: Console, file: str, found: Counts) -> None:
    """Print how an import ended: what was recognised of the file, the numbers, and why rows were rejected."""
    for line in found.said:
        console.print(f"  {escape(printable(line))}", highlight=False, soft_wrap=True)
    console.print(
        f"{file}: {found.created} created, {found.updated} updated, {found.unchanged} unchanged, "
        f"{found.skipped} skipped, {found.rejected} rejected in {found.seconds:.1f} s",
        soft_wrap=True,
    )
    if found.left_out:
        kept = ", ".join(f"{name} of {number}" for name, number in sorted(found.left_out.items()))
        console.print(f"  existing records keep what the file has otherwise: {kept}", highlight=False, soft_wrap=True)
    for name, typed in sorted(found.as_typed.items()):
        one = typed.number == 1
        what, verb, such = (name.removesuffix("s"), "is", ":") if one else (name, "are", ", such as")
        example = escape(printable(f"{typed.example} (line {typed.line})"))
        said = f"  {typed.number} {what} could not be normalised and {verb} kept as typed{such} {example}"
        console.print(said, highlight=False, soft_wrap=True)
    for reason in found.reasons[:_REASONS]:
        example = f"{escape(printable(reason.example))} [dim](line {reason.line})[/]"
        console.print(f"  {reason.rows} x {example}", highlight=False, soft_wrap=True)
    if len(found.reasons) > _REASONS:
        console.print(f"  and {len(found.reasons) - _REASONS} more reasons")


def deal(console: Console, found: Mapping[str, Any]) -> None:
    """Print a deal with its client."""
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


def counted(number: int, noun: str) -> str:
    """Format a number of things: `1 lead`, `2 leads`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def age(seconds: float) -> str:
    """Format an age as `45 s`, `12 min`, `3 h` or `5 d`."""
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(0, seconds):.0f} s"


def dead_letters(console: Console, groups: Sequence[Group], limit: int) -> None:
    """Print a line for each group with its total, and below it the newest `limit` with the ids that commands accept."""
    for group in groups:
        letters = group.letters
        named = escape(printable(f"{group.service}  {group.type}  {group.reason}"))
        total = f"{len(letters)}, oldest {_age_of(letters[-1])}"
        console.print(f"[bold]{named}[/]  {total}", highlight=False, soft_wrap=True)
        for letter in letters[:limit]:
            tried = "" if letter["attempts"] == 1 else f", {letter['attempts']} attempts"
            line = f"  {letter['id']}  {_age_of(letter)}, {letter['state']}{tried}"
            console.print(escape(printable(line)), highlight=False, soft_wrap=True)
        if limit and len(letters) > limit:
            console.print(f"  and {len(letters) - limit} more", highlight=False)
    console.print(f"{counted(sum(len(group.letters) for group in groups), 'dead letter')}.", highlight=False)


def _age_of(letter: Mapping[str, Any]) -> str:
    return age((datetime.now(UTC) - datetime.fromisoformat(letter["parked_at"])).total_seconds())


def dead_letter(console: Console, found: Mapping[str, Any], unreadable: Sequence[str] = ()) -> None:
    """Print one with its history and its record, and what of the record its schema does not allow."""
    # Not as the title of the table, whose width would wrap the id.
    console.print(escape(printable(f"Dead letter {found['id']}: {found['state']}")), highlight=False, soft_wrap=True)
    table = Table(show_header=False)
    original = found["original"]
    place = f"{original['topic']}/{original['partition']}@{original['offset']}" if original else found["topic"]
    shown = {name: found[name] for name in ("type", "key", "event_id", "correlation_id", "reason", "message")}
    for name, text in {"consumed at": place, **shown}.items():
        table.add_row(name, escape(printable(text or "")))
    console.print(table)
    for problem in unreadable:
        console.print(f"[red]cannot be read:[/] {escape(printable(problem))}", highlight=False, soft_wrap=True)
    history = Table("when", "what", "who", "outcome", "reason")
    for action in found["history"]:
        at = datetime.fromisoformat(action["at"])
        texts = (
            _ACTIONS.get(action["action"], action["action"]),
            action["by"],
            action["outcome"] or "unfinished",
            action["reason"] or "",
        )
        history.add_row(f"{at:%Y-%m-%d %H:%M:%S}", *(escape(printable(text)) for text in texts))
    console.print(history)
    record = found["record"]
    if record is None:
        console.print("The log does not hold the record any more.")
        return
    for header in record["headers"]:
        console.print(escape(printable(f"{header['name']}: {_text(header['value'])}")), highlight=False)
    value = printable(_text(record["value"], pretty=True))
    more = f"\n({len(value)} characters; --json shows all)" if len(value) > _MUCH else ""
    console.print(escape(value[:_MUCH]) + more, highlight=False, soft_wrap=True)


def _text(content: Mapping[str, str] | None, *, pretty: bool = False) -> str:
    if content is None:
        return "(null)"
    if content["encoding"] != "utf-8":
        return f"({content['encoding']}) {content['text']}"
    try:
        return json.dumps(json.loads(content["text"]), indent=2, ensure_ascii=False) if pretty else content["text"]
    except (ValueError, RecursionError):
        return content["text"]


def printable(text: str) -> str:
    """Escape control characters: text from outside must not control the terminal."""
    return "".join(letter if letter.isprintable() or letter == "\n" else ascii(letter)[1:-1] for letter in text)


def roles(console: Console, found: Iterable[Mapping[str, Any]]) -> None:
    """Print roles, with the number of their users."""
    table = Table("id", "name", "users", "may modify settings")
    for each in found:
        table.add_row(
            each["id"], escape(each["name"]), str(len(each["user_ids"])), "yes" if each["modify_settings"] else ""
        )
    console.print(table)


def departments(console: Console, found: Iterable[Mapping[str, Any]]) -> None:
    """Print departments, with the one that each belongs to, and the number of their members."""
    table = Table("id", "name", "belongs to", "members")
    for each in found:
        table.add_row(each["id"], escape(each["name"]), each["parent_id"] or "", str(len(each["member_ids"])))
    console.print(table)


def role(console: Console, found: Mapping[str, Any]) -> None:
    """Print the rights of a role by place, and its users."""
    table = Table("element", "pipeline", "stage", "levels", title=escape(found["name"]), title_justify="left")
    for right in found["rights"]:
        levels = ", ".join(f"{action}: {level}" for action, level in right["levels"].items())
        table.add_row(right["element"], right["pipeline_id"] or "", right["stage_id"] or "", levels)
    console.print(table)
    for flag in ("modify_settings", "allow_personal_card"):
        console.print(f"{flag}: {'yes' if found[flag] else 'no'}", highlight=False)
    console.print(f"users: {escape(', '.join(found['user_ids'])) or 'none'}", highlight=False, soft_wrap=True)
