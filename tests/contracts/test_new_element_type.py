"""A new type of element needs its contract and an entry in the registry: samples and verification come of them."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.contracts.new_element_type"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "shared" / "contracts")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_every_event_has_a_sample_about_one_element_without_a_word_written_by_hand(report: dict[str, Any]) -> None:
    samples = report["samples"]
    (key,) = {sample["key"] for sample in samples.values()}
    created = samples.pop("crm.quote.created.v1")
    assert (created["data"]["quote"]["id"], created["data"]["quote"]["title"]) == (key, "Quote for ACME")
    assert created["headers"]["ce_sequence"] == "1"
    for sample in samples.values():
        assert sample["data"]["quote"] == {"type": "quote", "id": key, "title": "Quote for ACME"}
        assert sample["headers"]["ce_sequence"] == "2"
    updated = samples["crm.quote.updated.v1"]["data"]
    assert updated["before"] != updated["after"]
    assert samples["crm.quote.requisites_chosen.v1"]["data"]["after"]["state"] == "pending"
    assert samples["crm.quote.company_unlinked.v1"]["data"]["client"]["link_state"] == "refused"


def test_a_quote_that_is_as_its_events_say_is_as_it_must_be(report: dict[str, Any]) -> None:
    assert report["as its events say"] == report["deleted"] == []


def test_a_quote_that_is_not_as_its_events_say_is_named(report: dict[str, Any]) -> None:
    assert report["other fields"] == ["state: differs from its events: is_signed, title"]
    assert report["other client"] == [
        "state: differs from its events: client",
        "links: has not the company and the contacts of it that it said",
    ]
    assert report["an event more"] == ["sequences: events counted by the document: 11, on the topic: 10, waiting: 0"]
    assert report["deleted, not emptied"] == [
        "state: differs from its events: client, deleted_at, requisite_link, responsible_id, rows, title, utm",
        "links: has not the company and the contacts of it that it said",
    ]


def test_a_quote_that_links_a_deleted_company_is_named(report: dict[str, Any]) -> None:
    of_contact, of_quote = report["deleted company"]
    assert of_contact == of_quote
    assert of_quote.startswith("departures: links company:")
    assert of_quote.endswith("which is deleted")
