"""docs/operate/monitoring.md lists exactly the metrics that there are."""

import re
from pathlib import Path

import pytest
from flask import Flask

from shortener.running.services import Services
from shortener.telemetry import exposition
from shortener.telemetry.metrics import book, gateways
from shortener.web import metrics
from tests.support import ROOT, databases

ROW = re.compile(r"^\| `(shortener_[a-z_]+)` \| (.*?) ?\| (.{10,}) \|$", re.MULTILINE)
DOCUMENT = ROOT / "docs" / "operate" / "monitoring.md"


@pytest.fixture
def database_url(sqlite_template: Path, tmp_path: Path) -> str:
    """One database is enough: the names do not depend on it."""
    return databases.copy_sqlite(sqlite_template, tmp_path)


def names(services: Services) -> set[str]:
    families = [*exposition.counted(book, gateways), *metrics.momentary(services)]
    return {f"{family.name}_total" if family.type == "counter" else family.name for family in families}


def test_every_metric_has_exactly_one_row(app: Flask, services: Services) -> None:
    rows = [name for name, _, _ in ROW.findall(DOCUMENT.read_text(encoding="utf-8"))]
    assert sorted(rows) == sorted(names(services))


def test_labels_of_counted_metrics_are_listed() -> None:
    rows = {name: re.findall("`([a-z]+)`", labels) for name, labels, _ in ROW.findall(DOCUMENT.read_text("utf-8"))}
    assert [family.name for family in book.families if rows[family.name] != list(family.labels)] == []
