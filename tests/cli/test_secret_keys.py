"""`secret-key reseal` and `account secret rotate --all`: recover from a lost key, and change the key."""

import json
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import select
from standardwebhooks.webhooks import Webhook

from shortener.accounts import callback_headers, senders, signing_secrets
from shortener.accounts.encryption import encrypt
from shortener.callbacks.kind import kind
from shortener.errors import SecretKeyError
from shortener.rules.deed import Deed
from shortener.running.services import Services
from shortener.storage import db
from shortener.storage.models import AuditEntry
from tests.conftest import SECRET_KEY
from tests.support import due_callbacks
from tests.support.factories import Sender, make_account
from tests.support.servers import OK, parsed, receiving

Run = Callable[..., Result]
NEW = "a newer key for tests, as long as the one before"


@pytest.fixture
def run(app: Flask, sender: Sender, other_sender: Sender) -> Run:
    return lambda *words: app.test_cli_runner().invoke(args=words)


def give(services: Services, newest: str, older: str | None = None) -> None:
    """Continue with other keys, as after a restart."""
    services.settings = services.settings.model_copy(update={"secret_key": newest, "secret_key_old": older})
    services.settings.__dict__.pop("secret_keys", None)
    services.deliverer.kind = kind(services.settings, services.client)


def lose_key(services: Services) -> None:
    """Encrypt all stored secrets with a key that is in no settings."""
    with db.write() as session:
        for account in senders.every(session):
            for secret in signing_secrets.active(session, account.id, now=db.now(session)):
                secret.sealed = encrypt(b"x" * 32, "a key that somebody lost, and nobody has written down")


def signed_with(services: Services, name: str, secret: str) -> bool:
    """Whether the account's next callback verifies with this signing secret only."""
    with receiving(OK) as receiver:
        with db.write() as session:
            due_callbacks.add(session, name, {receiver.url(): 1}, since=db.now(session))
        services.deliverer.deliver_due()
    headers, body = parsed(receiver.requests[0])
    signatures = headers["webhook-signature"].split()
    return len(signatures) == 1 and bool(Webhook(secret).verify(body.decode(), headers))


def test_a_lost_key_gives_accounts_new_secrets(run: Run, services: Services) -> None:
    lose_key(services)
    result = run("account", "secret", "rotate", "--all", "--json")
    assert result.exit_code == 0, result.output
    rows = {row["name"]: row["signing_secret"] for row in json.loads(result.stdout)}
    assert list(rows) == ["shop", "stranger"]
    assert all(signed_with(services, name, secret) for name, secret in rows.items())
    services.prepare()


def test_each_account_with_a_new_secret_is_recorded(run: Run) -> None:
    assert run("account", "secret", "rotate", "--all").exit_code == 0
    with db.read() as session:
        entries = session.execute(select(AuditEntry.deed, AuditEntry.about).order_by(AuditEntry.id)).all()
    assert entries == [(Deed.SECRET_ROTATED, "shop"), (Deed.SECRET_ROTATED, "stranger")]


def test_a_header_that_no_key_opens_is_named(run: Run, services: Services) -> None:
    with db.write() as session:
        callback_headers.put(senders.named(session, "shop"), "X-Api-Key: k", secret_key="a lost key, which nobody has")
        callback_headers.put(senders.named(session, "stranger"), "X-Api-Key: k", secret_key=SECRET_KEY)
    result = run("account", "secret", "rotate", "--all")
    assert result.exit_code == 0
    assert "shop: no secret key decrypts the callback header" in result.stderr
    assert "stranger: no secret key" not in result.stderr


def test_new_secrets_of_all_are_shown_as_a_table(run: Run) -> None:
    result = run("account", "secret", "rotate", "--all")
    assert result.exit_code == 0
    assert [row.split()[0] for row in result.stdout.splitlines()] == ["name", "shop", "stranger"]
    assert result.stdout.count("whsec_") == 2


@pytest.mark.parametrize("words", [["--all"], ["shop"]])
def test_new_secrets_go_to_a_private_file(run: Run, tmp_path: Path, words: list[str]) -> None:
    out = tmp_path / "secrets.jsonl"
    result = run("account", "secret", "rotate", *words, "--output", str(out))
    assert result.exit_code == 0, result.output
    assert "whsec_" not in result.output
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert [row["name"] for row in rows] == (["shop", "stranger"] if words == ["--all"] else ["shop"])
    assert all(row["signing_secret"].startswith("whsec_") for row in rows)
    assert stat.S_IMODE(out.stat().st_mode) == 0o600


def test_an_existing_file_prevents_the_rotation(run: Run, tmp_path: Path, services: Services, sender: Sender) -> None:
    out = tmp_path / "secrets.jsonl"
    out.write_text("important")
    result = run("account", "secret", "rotate", "--all", "--output", str(out))
    assert result.exit_code == 1
    assert result.stderr.endswith(f"Error: Cannot write {out}: File exists.\n")
    assert out.read_text() == "important"
    assert signed_with(services, "shop", sender.signing_secret)


def test_a_refused_rotation_leaves_no_empty_file(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "secrets.jsonl"
    assert run("account", "secret", "rotate", "nobody", "--output", str(out)).exit_code == 1
    assert not out.exists()


@pytest.mark.parametrize("words", [[], ["shop", "--all"]])
def test_a_rotation_is_of_one_account_or_of_all(run: Run, words: list[str]) -> None:
    result = run("account", "secret", "rotate", *words)
    assert result.exit_code == 2
    assert "Give the NAME of an account, or --all." in result.stderr


def test_a_new_secret_key_replaces_the_old(run: Run, services: Services, sender: Sender) -> None:
    give(services, NEW, SECRET_KEY)
    services.prepare()
    assert signed_with(services, "shop", sender.signing_secret)
    result = run("secret-key", "reseal", "--json")
    assert json.loads(result.stdout) == {"resealed": 2, "already": 0, "unopened": 0}
    assert "Remove SHORTENER_SECRET_KEY_OLD and restart every process" in result.stderr
    with db.read() as session:
        [entry] = session.scalars(select(AuditEntry))
    assert (entry.deed, entry.details) == (Deed.SECRETS_RESEALED, {"resealed": 2})
    give(services, NEW)
    services.prepare()
    assert signed_with(services, "shop", sender.signing_secret)


def test_undecryptable_secrets_are_reported_with_the_remedy(run: Run, services: Services) -> None:
    give(services, NEW)
    result = run("secret-key", "reseal")
    assert result.exit_code == 1
    assert "2 stored secrets cannot be decrypted with either key" in result.stderr
    assert "SHORTENER_SECRET_KEY_OLD" in result.stderr
    assert "account secret rotate --all" in result.stderr


# A wrong key


@pytest.mark.parametrize(
    "words",
    [
        ("account", "create", "new"),
        ("account", "secret", "rotate", "shop"),
        ("account", "set", "shop", "--callback-header", "X-Api-Key: 4711"),
    ],
)
def test_a_command_with_another_key_seals_nothing(run: Run, services: Services, words: tuple[str, ...]) -> None:
    give(services, NEW)
    result = run(*words)
    assert result.exit_code == 4
    assert "cannot be decrypted: SHORTENER_SECRET_KEY" in result.stderr
    assert "account secret rotate --all" in result.stderr
    give(services, SECRET_KEY)
    services.prepare()
    with db.read() as session:
        assert [(one.name, one.callback_header) for one in senders.every(session)] == [
            ("shop", None),
            ("stranger", None),
        ]


def test_a_header_is_removed_without_the_right_key(run: Run, services: Services) -> None:
    give(services, NEW)
    assert run("account", "set", "shop", "--callback-header", "").exit_code == 0


def test_an_account_under_another_key_is_repaired(run: Run, services: Services) -> None:
    with db.write() as session:
        senders.create(session, "new one", secret_key=NEW, now=db.now(session))
    with pytest.raises(
        SecretKeyError, match="of the account new one, cannot be decrypted, although others can"
    ) as raised:
        services.prepare()
    assert "account secret rotate 'new one'" in str(raised.value)
    assert "--all" not in str(raised.value)
    assert run("account", "secret", "rotate", "shop").exit_code == 4
    assert run("account", "secret", "rotate", "new one").exit_code == 0
    services.prepare()


def test_an_accounts_own_older_secret_lets_it_be_mended(app: Flask, services: Services) -> None:
    """The only account, whose secret was rotated under another key."""
    make_account("only")
    with db.write() as session:
        signing_secrets.rotate(
            session, senders.named(session, "only").id, secret_keys=(NEW, SECRET_KEY), now=db.now(session)
        )
    with pytest.raises(SecretKeyError, match="account secret rotate only`"):
        services.prepare()
    assert app.test_cli_runner().invoke(args=["account", "secret", "rotate", "only"]).exit_code == 0
    services.prepare()
