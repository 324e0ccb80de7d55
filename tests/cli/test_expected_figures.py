"""Every figure that differs is one line; and the status reads the gauges of services."""

import json
from decimal import Decimal
from pathlib import Path

from deploy.cli.demo.expected_figures import differences, expected
from deploy.cli.status import gauges

SAMPLES = Path(__file__).parents[2] / "deploy" / "samples"


def test_a_figure_that_differs_or_is_not_foreseen_is_named() -> None:
    wanted = {"leads": Decimal(3), "won in all": Decimal(100), "same": Decimal("1.0")}
    found = {"leads": Decimal(2), "same": Decimal(1), "leads in LOST": Decimal(1)}
    assert differences(wanted, found) == [
        "leads: 2 instead of 3",
        "won in all: 0 instead of 100",
        "leads in LOST: 1 instead of 0",
    ]


def test_the_expected_figures_of_the_samples_are_read_with_all_their_parts() -> None:
    content = json.loads((SAMPLES / "oracles.json").read_text())
    figures = expected(content)
    assert figures["leads in CONVERTED"] == figures["deals won"] == content["stages"]["Won"]
    assert figures["won by product GTX Pro"] == content["per_product"]["GTX Pro"]["won_value"]
    assert sum(value for name, value in figures.items() if name.startswith("won by agent")) == content["won_value"]


def test_gauges_have_a_value_for_each_of_their_labels() -> None:
    metrics = """
# TYPE crm_outbox_documents gauge
crm_outbox_documents{collection="leads"} 2.0
crm_outbox_documents{collection="other"} 3.0
# TYPE crm_outbox_published_total counter
crm_outbox_published_total{collection="leads"} 7.0
"""
    assert gauges(metrics) == {"crm_outbox_documents": [2, 3]}
