"""The commands that the documents show, run as they stand there, page by page."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from shortener.config.settings import Settings
from tests.conftest import running
from tests.support import ROOT, databases

PROGRAM = ".venv/bin/shortener "
# Pages whose commands other tests run, because they need more than a database with an account.
ELSEWHERE = {
    "backup.md": "tests/project/test_backup_docs.py",
    "litestream.md": "tests/end_to_end/test_litestream.py",
    "postgresql.md": "tests/project/test_postgresql_docs.py",
}
MAY_FAIL = {"doctor": "an installation for a trial has an address that recipients cannot reach"}
BEFORE = ["account create shop", "person create otto --operator"]


def commands(page: Path) -> Iterator[str]:
    """The product's commands in the shell sessions of a page."""
    for session in re.findall(r"```sh\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
        lines = map(str.strip, session.replace("\\\n", " ").splitlines())
        yield from (line.removeprefix(PROGRAM) for line in lines if line.startswith(PROGRAM))


def pages() -> list[Path]:
    found = sorted([*(ROOT / "docs" / "operate").glob("*.md"), *(ROOT / "docs" / "integrate").glob("*.md")])
    return [page for page in found if any(commands(page))]


@pytest.fixture
def product(sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """The product on SQLite, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "backups").mkdir()
    (tmp_path / "in.csv").write_text("text\nHello https://example.com/1\n", encoding="utf-8")
    url = databases.copy_sqlite(sqlite_template, tmp_path)
    settings = Settings(
        database_url=url, data=tmp_path, secret_key="a key for tests, long enough to be one", spool_bytes=65536
    )
    with running(settings) as app:
        yield app


@pytest.mark.parametrize("page", [page for page in pages() if page.name not in ELSEWHERE], ids=lambda page: page.name)
def test_every_documented_command_works(product: Flask, page: Path) -> None:
    shown = list(commands(page))
    own = [command for command in BEFORE if not any(each.startswith(command) for each in shown)]
    for command in [*own, *shown]:
        result = product.test_cli_runner().invoke(
            args=shlex.split(command, comments=True),
            input="Header: value\nanother long password\nanother long password\n",
        )
        assert result.exit_code == 0 or command.split()[0] in MAY_FAIL, f"{command}\n{result.output}"


def test_pages_tested_elsewhere_still_exist() -> None:
    assert set(ELSEWHERE) <= {page.name for page in pages()}
    assert [path for path in ELSEWHERE.values() if not (ROOT / path).exists()] == []
