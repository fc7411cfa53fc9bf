"""The commands of the audit log, and what the first start records."""

import json
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from shortener.cli import audit
from tests.support.factories import Sender


def run(app: Flask, *words: str) -> str:
    result = app.test_cli_runner().invoke(args=words)
    assert result.exit_code == 0, result.output
    return result.stdout


def listed(app: Flask, *options: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(run(app, "audit", "list", "--json", *options))
    return found


def test_the_list_says_who_did_what(app: Flask, sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUDO_USER", "ann")
    run(app, "token", "create", "shop", "--name", "CI", "--scope", "read")
    [entry] = listed(app, "--account", "shop", "--deed", "token.created")
    assert (entry["origin"], entry["about"]) == ("command", "CI")
    assert entry["actor"].endswith(" (sudo: ann)")
    assert entry["details"] == {"scope": "read"}
    assert "scope=read" in run(app, "audit", "list")


def test_an_export_is_written_as_its_name_says(app: Flask, sender: Sender, tmp_path: Path) -> None:
    run(app, "account", "disable", "shop")
    for name in ("audit.csv", "audit.jsonl"):
        run(app, "audit", "export", str(tmp_path / name))
    assert (tmp_path / "audit.csv").read_text().startswith("done_on,account,origin,actor,deed,about,details")
    lines = [json.loads(line) for line in (tmp_path / "audit.jsonl").read_text().splitlines()]
    assert [line["deed"] for line in lines] == ["audit.exported", "audit.exported", "account.disabled"]


def test_a_user_without_a_name_is_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SUDO_USER", raising=False)
    monkeypatch.setattr(audit.os, "getuid", lambda: 4_294_967_000)
    assert audit._user() == "4294967000"


def test_a_first_start_records_account_and_owner(app: Flask) -> None:
    run(app, "first-start")
    assert [(one["deed"], one["about"]) for one in listed(app)] == [
        ("person.created", "demo"),
        ("account.created", "demo"),
    ]
