"""What `crm verify` prints is read by a person: its numbers fit their words."""

from io import StringIO

import pytest
from rich.console import Console

from deploy.cli.commands.verify import show
from deploy.verify.findings import Finding, Report

NOTICED = {
    "clients deleted": "client deleted",
    "conversions done": "conversion done",
    "conversions running": "conversion running",
    "events": "event",
    "events of unknown types": "event of an unknown type",
    "events waiting to be published": "event waiting to be published",
    "links pending": "link pending",
    "records that are no events": "record that is no event",
    "repeated deliveries": "repeated delivery",
}
"""What verification notices beside its findings, many and one."""


def printed(report: Report) -> str:
    console = Console(width=400, record=True, file=StringIO())
    show(console, report, {"reading": "all is read"})
    return console.export_text()


@pytest.mark.parametrize(("many", "one"), NOTICED.items())
def test_one_of_what_was_noticed_is_told_as_one(many: str, one: str) -> None:
    """A system with one lead and one deal says "1 conversion done"."""
    assert f"1 {one}\n" in printed(Report([], {"reading": 1}, {many: 1}))
    for number in (0, 2):
        assert f"{number} {many}\n" in printed(Report([], {"reading": 1}, {many: number}))


def test_one_event_that_is_not_read_is_counted_without_a_wrong_plural() -> None:
    found = Finding("reading", "deals", "events still to be read: 1")
    assert "deals events still to be read: 1" in printed(Report([found], {"reading": 1}, {}))
