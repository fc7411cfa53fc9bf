"""The commands for tokens."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import Result
from flask import Flask

from shortener.accounts.authentication import authenticate
from shortener.errors import CredentialsError
from shortener.rules.scope import ALL, Scope
from shortener.running.services import services
from tests.support.factories import Sender

Run = Callable[..., Result]


@pytest.fixture
def run(app: Flask) -> Run:
    return lambda *words: app.test_cli_runner().invoke(args=words)


def document(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def scopes_of(token: str) -> frozenset[Scope]:
    return authenticate(services().readers, None, token)[1].scopes


def test_a_new_token_does_only_what_it_may(run: Run, sender: Sender) -> None:
    options = ("--name", "CI", "--scope", "read,send", "--expires", "90d")
    made = document(run("token", "create", "shop", *options, "--json"))
    assert (made["account"], made["sid"], made["name"], made["scope"]) == ("shop", sender.sid, "CI", "send,read")
    assert made["expires_on"].endswith("Z")
    assert scopes_of(made["token"]) == {Scope.SEND, Scope.READ}


def test_a_token_without_options_may_do_everything(run: Run, sender: Sender) -> None:
    made = document(run("token", "create", "shop", "--name", "CI", "--json"))
    assert made["expires_on"] is None
    assert scopes_of(made["token"]) == ALL


def test_tokens_are_listed_without_the_tokens(run: Run, sender: Sender) -> None:
    made = document(run("token", "create", "shop", "--name", "CI", "--scope", "read", "--json"))
    result = run("token", "list", "shop", "--json")
    assert [(one["name"], one["scope"], one["expired"]) for one in document(result)] == [
        ("CI", "read", False),
        ("main", "send,read,manage,receipts", False),
    ]
    assert made["token"] not in result.stdout and sender.token not in result.stdout


def test_a_revoked_token_stops_working(run: Run, sender: Sender) -> None:
    assert document(run("token", "revoke", "shop", "main", "--json"))["revoked"] == 1
    with pytest.raises(CredentialsError):
        scopes_of(sender.token)


def test_with_an_overlap_the_old_token_works_on(run: Run, sender: Sender) -> None:
    changed = document(run("account", "rotate", "shop", "--overlap", "24h", "--json"))
    assert changed["old_one_until"].endswith("Z")
    assert scopes_of(changed["token"]) == scopes_of(sender.token) == ALL


@pytest.mark.parametrize(
    ("words", "exit_code", "said"),
    [
        (("create", "shop", "--name", "main"), 1, "already a token named main"),
        (("create", "shop", "--name", "CI", "--scope", "write"), 2, "must be one or more of send, read"),
        (("create", "shop", "--name", "CI", "--expires", "2020-01-01"), 2, "must be in the future"),
        (("revoke", "shop", "CI"), 1, "no token named CI"),
        (("list", "nobody"), 1, "no account named nobody"),
    ],
)
def test_what_cannot_be_done_is_refused(
    run: Run, sender: Sender, words: tuple[str, ...], exit_code: int, said: str
) -> None:
    result = run("token", *words)
    assert result.exit_code == exit_code
    assert said in result.stderr
