"""Prometheus, its rules and the dashboards: they fit one another, the compose file and what is written about them."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import jwt
import pytest
import yaml
from prometheus_client import REGISTRY
from prometheus_client.metrics import MetricWrapperBase

from deploy.local.metrics_token import write_token
from deploy.local.services import ROOT, SERVICES
from deploy.local.tokens import AUDIENCE, ISSUER
from shared.kit.telemetry import metrics
from tests.promql import FOLDER, alerts, dashboards, expressions, groupings_in, labels_in, metrics_in

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
SCRAPE: dict[str, Any] = yaml.safe_load((FOLDER / "prometheus.yml").read_text())
DOCUMENT = (ROOT / "docs" / "observability.md").read_text()


def test_prometheus_scrapes_every_service_of_the_compose_file_with_its_token() -> None:
    (job,) = SCRAPE["scrape_configs"]
    found = {each["labels"]["service"]: each["targets"] for each in job["static_configs"]}
    assert found == {name: [f"{name}:{COMPOSE[name]['environment']['CRM_PORT']}"] for name in SERVICES}
    token = job["authorization"]["credentials_file"]
    assert COMPOSE["metrics-token"]["command"][-1] == token
    assert "metrics-token:/keys/metrics:ro" in COMPOSE["prometheus"]["volumes"]


@pytest.mark.parametrize("name", ["prometheus", "grafana"])
def test_what_a_container_mounts_is_there(name: str) -> None:
    sources = [volume.split(":")[0] for volume in COMPOSE[name]["volumes"]]
    files = [ROOT / source for source in sources if source.startswith("./")]
    assert files
    assert [file for file in files if not file.exists()] == []


def test_the_token_of_prometheus_reads_metrics_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "token"
    write_token(tmp_path / "private", tmp_path / "public", file)
    write_token(tmp_path / "private", tmp_path / "public", file)  # as at each start
    keys = jwt.PyJWKSet.from_json((tmp_path / "public" / "jwks.json").read_text())
    content = jwt.decode(file.read_text(), keys.keys[0], algorithms=["RS256"], audience=AUDIENCE, issuer=ISSUER)
    assert (content["scope"], content["roles"], content["kind"]) == ("metrics:read", [], "service")
    assert file.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("rule", alerts(), ids=lambda rule: str(rule["alert"]))
def test_an_alert_says_what_is_wrong_and_what_to_do(rule: dict[str, Any]) -> None:
    assert set(rule["annotations"]) == {"summary", "description", "action"}
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert f"`{rule['alert']}`" in DOCUMENT


def test_names_of_alerts_and_dashboards_are_used_once() -> None:
    names = [rule["alert"] for rule in alerts()]
    assert len(names) == len(set(names))
    assert {board["uid"] for board in dashboards().values()} == {"crm-system", "crm-service"}
    for board in dashboards().values():
        ids = [panel["id"] for panel in board["panels"]]
        assert len(ids) == len(set(ids))
        assert {panel["datasource"]["uid"] for panel in board["panels"]} == {"prometheus"}


def test_panels_of_a_dashboard_do_not_overlap() -> None:
    for board in dashboards().values():
        taken: set[tuple[int, int]] = set()
        for panel in board["panels"]:
            place = panel["gridPos"]
            cells = {
                (x, y)
                for x in range(place["x"], place["x"] + place["w"])
                for y in range(place["y"], place["y"] + place["h"])
            }
            assert not cells & taken, panel["title"]
            assert place["x"] + place["w"] <= 24
            taken |= cells


def test_every_metric_of_ours_is_explained() -> None:
    ours = [metric for metric in vars(metrics).values() if isinstance(metric, MetricWrapperBase)]
    names = sorted(family.name for metric in ours for family in metric.describe())
    assert len(names) > 20
    missing = [name for name in names if not re.search(rf"`{name}(_total)?[`{{]", DOCUMENT)]
    assert missing == []


def test_metrics_are_named_as_prometheus_wants_them() -> None:
    for family in REGISTRY.collect():
        if not family.name.startswith("crm_"):
            continue
        assert re.fullmatch(r"[a-z_]+", family.name)
        if family.type == "histogram":
            assert family.name.endswith("_duration_seconds")
        if "age" in family.name.split("_"):
            assert family.name.endswith("_seconds")
        assert not family.name.endswith(("_total", "_count", "_sum", "_bucket"))


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "rules", "alerts.yml"),
        ("check", "config", "--syntax-only", "prometheus.yml"),
        ("test", "rules", "alerts_test.yml"),
    ],
)
def test_promtool_accepts_it(arguments: tuple[str, ...]) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not on the PATH; Debian has it in the package prometheus")
    done = subprocess.run([promtool, *arguments], cwd=FOLDER, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_parts_of_an_expression_are_found() -> None:
    expression = """sum by (service, le) (rate(a_bucket{route!~"b|/c.*", status="5.."}[$__rate_interval])) > 0.8
        and on (part) histogram_quantile(0.99, d_total) / on (x) e offset 5m unless up{job="crm"} == 1"""
    assert metrics_in(expression) == {"a_bucket", "d_total", "e", "up"}
    assert labels_in(expression) == {"a_bucket": {"route", "status"}, "up": {"job"}}
    assert groupings_in(expression) == {"service", "le", "part", "x"}
    assert len(list(expressions())) > 50
