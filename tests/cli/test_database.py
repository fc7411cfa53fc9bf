"""`db backup` and `db restore`: what they print, and how they refuse."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import select

from shortener import create_app
from shortener.config.settings import Settings
from shortener.files import spool_folder
from shortener.storage import db
from shortener.storage.models import Sending
from tests.conftest import SECRET_KEY, running
from tests.support.factories import make_account, make_message, slug_of
from tests.support.hand_overs import put

Run = Callable[..., Result]


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    """An installation on SQLite that made its own secret key."""
    settings = Settings(data=tmp_path / "data", public_url="https://s.example.com", spool_bytes=65536)
    with running(settings) as app:
        app.test_cli_runner().invoke(args=["db", "upgrade"])
        yield app


def restored(app: Flask, data: Path, backup: Path, **given: str) -> tuple[Flask, Result]:
    """Another installation, after `db restore` into its empty folder."""
    new = create_app(Settings(data=data, public_url="https://s.example.com", **given))  # type: ignore[arg-type]
    with new.app_context():
        return new, new.test_cli_runner().invoke(args=["db", "restore", str(backup)])


def test_a_backup_says_what_else_belongs_to_it(app: Flask, tmp_path: Path) -> None:
    result = app.test_cli_runner().invoke(args=["db", "backup", str(tmp_path / "backup")])
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[0].split() == ["file", str(tmp_path / "backup")]
    assert f"the secret key: {tmp_path / 'data' / 'secret_key'}" in result.stdout
    assert str(tmp_path / "data" / "spool") in result.stdout
    assert result.stdout.endswith("  the settings: SHORTENER_* in the environment\n")


def test_a_backup_names_a_settings_file_that_exists(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "settings").write_text("# none\n")
    monkeypatch.setenv("SHORTENER_ENV_FILE", str(tmp_path / "settings"))
    result = app.test_cli_runner().invoke(args=["db", "backup", str(tmp_path / "backup")])
    assert f"  the settings: {tmp_path / 'settings'} and SHORTENER_* in the environment\n" in result.stdout


def test_a_backup_tells_programs_in_json(app: Flask, tmp_path: Path) -> None:
    result = app.test_cli_runner().invoke(args=["db", "backup", "--json", str(tmp_path / "backup")])
    assert json.loads(result.stdout) == {
        "file": str(tmp_path / "backup"),
        "bytes": (tmp_path / "backup").stat().st_size,
        "also_needed": {
            "secret_key": str(tmp_path / "data" / "secret_key"),
            "spool": str(tmp_path / "data" / "spool"),
            "settings": "SHORTENER_* in the environment",
        },
    }


def test_links_of_a_restored_installation_redirect_again(app: Flask, tmp_path: Path) -> None:
    slugs = [slug_of(make_message(make_account(name)).link) for name in ("shop", "stranger")]
    app.test_cli_runner().invoke(args=["db", "backup", str(tmp_path / "backup")])
    key = (tmp_path / "data" / "secret_key").read_text()
    new, result = restored(app, tmp_path / "new", tmp_path / "backup", secret_key=key)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith(f"Restored from {tmp_path / 'backup'}.")
    found = "2 accounts, 2 messages, 2 links, 0 clicks, 0 callbacks, 0 sendings"
    assert f"\nIt has {found}; its newest message was received on 20" in result.stdout
    with new.app_context():
        assert [new.test_client().get(f"/{slug}").status_code for slug in slugs] == [302, 302]
        listed = json.loads(new.test_cli_runner().invoke(args=["audit", "list", "--json"]).stdout)
        assert (listed[0]["deed"], listed[0]["about"]) == ("database.restored", "backup")
        new.extensions["shortener"].prepare()
        new.extensions["shortener"].readers.close()
        db.db.session.remove()
        db.db.engine.dispose()


def test_a_restore_counts_messages_in_doubt(app: Flask, tmp_path: Path) -> None:
    """They may have been handed over since the backup was made."""
    put(make_account("shop"))
    app.test_cli_runner().invoke(args=["db", "backup", str(tmp_path / "backup")])
    key = (tmp_path / "data" / "secret_key").read_text()
    new, result = restored(app, tmp_path / "new", tmp_path / "backup", secret_key=key)
    assert "Messages that were waiting to be sent: 1." in result.stdout
    with new.app_context():
        with db.read() as session:
            assert session.scalars(select(Sending.unsure_on)).one() is not None
        db.db.session.remove()
        db.db.engine.dispose()


@pytest.mark.parametrize(
    ("given", "said"),
    [({}, "holds secrets that were encrypted with a key"), ({"secret_key": SECRET_KEY}, "cannot be decrypted")],
)
def test_a_restore_without_the_right_key_says_so(app: Flask, tmp_path: Path, given: dict[str, str], said: str) -> None:
    make_account("shop")
    app.test_cli_runner().invoke(args=["db", "backup", str(tmp_path / "backup")])
    new, result = restored(app, tmp_path / "new", tmp_path / "backup", **given)
    assert result.exit_code == 0, result.output
    assert said in result.stderr
    assert "account secret rotate --all" in result.stderr
    assert not (tmp_path / "new" / "secret_key").exists()
    with new.app_context():
        db.db.engine.dispose()


def test_refusals_are_one_sentence(app: Flask, tmp_path: Path) -> None:
    run = app.test_cli_runner().invoke
    make_account("shop")
    assert run(args=["db", "backup", str(tmp_path / "backup")]).exit_code == 0
    assert "exists already" in run(args=["db", "backup", str(tmp_path / "backup")]).stderr
    assert "--overwrite replaces" in run(args=["db", "restore", str(tmp_path / "backup")]).stderr
    assert "There is no file" in run(args=["db", "restore", str(tmp_path / "none")]).stderr


def test_a_restore_beside_a_running_product_is_refused(app: Flask, tmp_path: Path) -> None:
    """Also if it has no connection to the database at the moment."""
    app.test_cli_runner().invoke(args=["db", "backup", str(tmp_path / "backup")])
    folder = app.extensions["shortener"].settings.spool_folder
    own = spool_folder.acquire(folder, "house", 4096)
    words = ["db", "restore", "--overwrite", str(tmp_path / "backup")]
    refused = app.test_cli_runner().invoke(args=words)
    own.close()
    assert (refused.exit_code, f"it has files open in {folder}" in refused.stderr) == (1, True)
    db.db.session.remove()
    db.db.engine.dispose()
    assert app.test_cli_runner().invoke(args=words).exit_code == 0
