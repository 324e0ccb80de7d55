"""What the alert rules and dashboards ask Prometheus for."""

import json
import re
from collections.abc import Iterator
from typing import Any

import yaml

from deploy.local.services import ROOT

FOLDER = ROOT / "deploy" / "observability"
FROM_THE_SCRAPE = frozenset({"service", "instance", "job"})
"""Labels that the scrape adds, not the service."""

_WORDS = frozenset({"and", "or", "unless", "by", "on", "without", "ignoring", "bool", "offset"})
_GROUPING = re.compile(r"\b(by|on|without|ignoring)\s*\(([^)]*)\)")
_SELECTOR = re.compile(r"([a-zA-Z_:][\w:]*)\s*\{([^}]*)\}")


def alerts() -> list[dict[str, Any]]:
    """All alert rules."""
    groups = yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def dashboards() -> dict[str, dict[str, Any]]:
    """All dashboards, by file name."""
    return {file.name: json.loads(file.read_text()) for file in sorted((FOLDER / "grafana/dashboards").glob("*.json"))}


def expressions() -> Iterator[tuple[str, str]]:
    """Where each expression stands, and the expression."""
    for rule in alerts():
        yield rule["alert"], rule["expr"]
    for name, board in dashboards().items():
        for panel in board["panels"]:
            for target in panel["targets"]:
                yield f"{name}: {panel['title']}", target["expr"]
        for variable in board["templating"]["list"]:
            metric, label = re.findall(r"\w+", variable["query"]["query"].removeprefix("label_values"))
            yield f"{name}: ${variable['name']}", f"sum by ({label}) ({metric})"


def metrics_in(expression: str) -> set[str]:
    """Names of metrics: whatever is neither a function nor a word of the language."""
    bare = re.sub(r'"[^"]*"', "", expression)
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]", "", _GROUPING.sub(" ", bare))
    names = re.findall(r"[a-zA-Z_:][\w:]*(?!\s*\(|[\w:])", re.sub(r"\b\d[\w.]*", "", bare))
    return set(names) - _WORDS


def labels_in(expression: str) -> dict[str, set[str]]:
    """The labels that each metric is selected by."""
    bare = re.sub(r'"[^"]*"', '""', expression)
    return {name: set(re.findall(r'(\w+)\s*[=!]~?"', inside)) for name, inside in _SELECTOR.findall(bare)}


def groupings_in(expression: str) -> set[str]:
    """All labels that anything is grouped or matched by."""
    return {label for _, inside in _GROUPING.findall(expression) for label in re.findall(r"\w+", inside)}
