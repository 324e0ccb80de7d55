"""The import is of as many rows as were asked for, whatever the data set has."""

import csv
from pathlib import Path

from benchmarks.measures.creation import write_leads


def test_too_few_leads_are_repeated_under_further_origins(tmp_path: Path) -> None:
    source, file = tmp_path / "source.csv", tmp_path / "leads.csv"
    source.write_text('opportunity_id,product\nA,"GTX, Pro"\nB,MG\n', encoding="utf-8")
    write_leads(source, file, 5)
    with file.open(encoding="utf-8", newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert [row["opportunity_id"] for row in rows] == ["A", "B", "A-1", "B-1", "A-2"]
    assert rows[2]["product"] == "GTX, Pro"


def test_too_many_leads_are_cut_off(tmp_path: Path) -> None:
    source, file = tmp_path / "source.csv", tmp_path / "leads.csv"
    source.write_text("opportunity_id\nA\nB\n", encoding="utf-8")
    write_leads(source, file, 1, prefix="m")
    assert file.read_text(encoding="utf-8").split() == ["opportunity_id", "mA"]
