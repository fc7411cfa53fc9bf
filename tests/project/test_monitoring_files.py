"""The alert rules and the Grafana dashboard name only metrics and labels that there are, in valid PromQL."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml
from flask import Flask
from prometheus_client.metrics_core import Metric

from shortener.reporting.installation_numbers import KINDS
from shortener.running.services import Services
from shortener.telemetry import exposition
from shortener.telemetry.metrics import GROUPS, OUTCOMES, STATUSES, book, gateways
from shortener.web import metrics
from tests.support import ROOT, databases

FOLDER = ROOT / "docs" / "operate" / "monitoring"
NAME = re.compile(r"\bshortener_[a-z_]+")
# Given by Prometheus itself.
OF_PROMETHEUS = {"instance", "job", "le"}
# What Grafana puts in for its variables.
GRAFANA = {"$__rate_interval": "5m", "$instance": ".*"}


@pytest.fixture
def database_url(sqlite_template: Path, tmp_path: Path) -> str:
    """One database is enough: the names do not depend on it."""
    return databases.copy_sqlite(sqlite_template, tmp_path)


def rules() -> list[dict[str, Any]]:
    document = yaml.safe_load((FOLDER / "alerts.yaml").read_text(encoding="utf-8"))
    return [rule for group in document["groups"] for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((FOLDER / "grafana.json").read_text(encoding="utf-8"))["panels"]
    return found


def expressions() -> Iterator[str]:
    yield from (rule["expr"] for rule in rules())
    for target in (target for panel in panels() for target in panel["targets"]):
        expression = target["expr"]
        for variable, value in GRAFANA.items():
            expression = expression.replace(variable, value)
        yield expression


def families(services: Services) -> list[Metric]:
    return [*exposition.counted(book, gateways), *metrics.momentary(services)]


def series(family: Metric) -> set[str]:
    """The names under which Prometheus stores a metric."""
    if family.type == "histogram":
        return {f"{family.name}_{part}" for part in ("bucket", "count", "sum")}
    return {f"{family.name}_total" if family.type == "counter" else family.name}


@pytest.mark.parametrize("expression", list(expressions()))
def test_an_expression_can_be_parsed(expression: str) -> None:
    promql_parser.parse(expression)


def test_every_metric_that_is_named_exists(app: Flask, services: Services) -> None:
    existing = set().union(*map(series, families(services)))
    assert {name for expression in expressions() for name in NAME.findall(expression)} <= existing


def test_every_counted_metric_is_on_the_dashboard() -> None:
    shown = " ".join(target["expr"] for panel in panels() for target in panel["targets"])
    assert [family.name for family in book.families if family.name not in shown] == []


def test_selectors_have_labels_and_values_that_exist() -> None:
    labels = {label for family in book.families for label in family.labels} | OF_PROMETHEUS | {"kind"}
    words = {*GROUPS, *STATUSES, *OUTCOMES, *KINDS, "shortener", ".*"}
    for label, _, value in re.findall(r'([a-z_]+) ?(=~|!=|=)"([^"]*)"', " ".join(expressions())):
        assert label in labels
        assert set(value.split("|")) <= words


def test_every_alert_says_how_urgent_it_is() -> None:
    for rule in rules():
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert len(rule["annotations"]["summary"]) > 20
    assert len({rule["alert"] for rule in rules()}) == len(rules())
