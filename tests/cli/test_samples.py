"""The committed samples are what their generator makes, and have the quirks of the real files."""

import csv
import json
from pathlib import Path

from deploy.cli.demo import dataset
from deploy.samples.make import make

SAMPLES = Path(__file__).parents[2] / "deploy" / "samples"


def test_the_generator_makes_the_committed_files_byte_by_byte(tmp_path: Path) -> None:
    make(tmp_path)
    for file in tmp_path.iterdir():
        assert file.read_bytes() == (SAMPLES / file.name).read_bytes(), file.name


def test_the_leads_have_the_quirks_of_the_real_pipeline() -> None:
    with (SAMPLES / "leads.csv").open() as text:
        rows = list(csv.DictReader(text))
    prices = {row["product"]: int(row["sales_price"]) for row in csv.DictReader((SAMPLES / "products.csv").open())}
    won = [row for row in rows if row["deal_stage"] == "Won"]
    assert len(rows) == len({row["opportunity_id"] for row in rows}) == 200
    assert any(row["product"] == "GTXPro" for row in won)
    assert "GTXPro" not in prices
    assert {row["close_value"] for row in rows if row["deal_stage"] == "Lost"} == {"0"}
    assert any(int(row["close_value"]) > prices.get(row["product"], 4800) for row in won)
    assert all(row["account"] for row in won)
    assert {row["deal_stage"] for row in rows if not row["account"]} == {"Engaging", "Prospecting"}
    assert {row["engage_date"] for row in rows if row["deal_stage"] == "Prospecting"} == {""}


def test_the_expected_figures_add_up() -> None:
    found = json.loads((SAMPLES / "oracles.json").read_text())
    for kind in ("per_product", "per_account", "per_agent"):
        figures = found[kind].values()
        assert sum(one["won_value"] for one in figures) == found["won_value"]
        for stage, count in found["stages"].items():
            assert sum(one[stage] for one in figures) == count


def test_the_demo_finds_the_samples_and_their_mappings() -> None:
    data = dataset.DataSet.of(dataset.SAMPLES)
    assert data.originator == "crm_sales_opportunities"
    assert len(data.products) == 6
