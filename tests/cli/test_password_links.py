"""`person invite` and `person password --link`: links that people get, printed or mailed."""

import re

import pytest
from flask import Flask

from shortener.config.settings import Settings
from tests.cli.test_commands import Run, bare, document, refused, run
from tests.support import smtp
from tests.support.browsing import Browser, make_person
from tests.support.factories import Sender

__all__ = ["bare", "run"]  # the fixtures
SITE = "https://s.example.com"
INVITE = ("person", "invite", "Ann@Example.com", "--account", "shop", "--json")


def opened(app: Flask, link: str) -> str:
    return Browser(app).open(link.removeprefix(SITE)).title


def test_an_invitation_prints_a_working_link(app: Flask, run: Run, sender: Sender) -> None:
    shown = document(run(*INVITE, "--role", "owner"))
    assert (shown["name"], shown["account"], shown["role"]) == ("ann@example.com", "shop", "owner")
    assert opened(app, shown["link"]) == "Choose your password"
    [listed] = document(run("person", "list", "--json"))
    assert listed["invited_until"] == shown["valid_until"]


def test_a_reset_link_leaves_the_old_password(app: Flask, run: Run, sender: Sender) -> None:
    make_person("ann")
    shown = document(run("person", "password", "ann", "--link", "--json"))
    assert opened(app, shown["link"]) == "Choose your password"
    assert Browser(app).sign_in("ann").status == 200


def test_a_link_is_mailed_from_the_set_sender(app: Flask, run: Run, sender: Sender, settings: Settings) -> None:
    with smtp.mailbox() as box:
        settings.__dict__ |= {"smtp_url": f"smtp://127.0.0.1:{box.port}", "mail_sender": "Shop <it@shop.example>"}
        shown = document(run(*INVITE, "--mail"))
    [kept] = box.kept
    assert (kept.sender, kept.recipients) == ("it@shop.example", ["ann@example.com"])
    assert kept.mail["From"] == "Shop <it@shop.example>"
    assert set(re.findall(r"https\S+choose-password\S+", kept.mail.get_content())) == {shown["link"]}
    assert shown["mailed"] is True


def test_a_link_that_cannot_be_mailed_is_printed(app: Flask, run: Run, sender: Sender, settings: Settings) -> None:
    with smtp.relay(RCPT=b"550 5.1.1 no such user\r\n") as relay:
        settings.__dict__["smtp_url"] = f"smtp://127.0.0.1:{relay.port}"
        result = run(*INVITE, "--mail")
    assert result.exit_code == 1
    assert "The link was not mailed: the relay answered 550. Give the link to the person yourself." in result.stderr
    assert "/dashboard/choose-password/" in result.stdout


def test_without_a_relay_or_an_address_nobody_is_added(run: Run, sender: Sender, settings: Settings) -> None:
    assert "SHORTENER_SMTP_URL is not set" in refused(run(*INVITE, "--mail"))
    settings.__dict__["smtp_url"] = "smtp://127.0.0.1:9"
    assert "the name ann is not an e-mail address" in refused(
        run("person", "invite", "ann", "--account", "shop", "--mail")
    )
    assert document(run("person", "list", "--json")) == []


@pytest.mark.parametrize("options", [("--mail",), ("--link", "--generate")])
def test_options_that_contradict_are_refused(run: Run, options: tuple[str, ...]) -> None:
    assert run("person", "password", "ann", *options).exit_code == 2


def test_a_known_name_gets_no_invitation(run: Run, sender: Sender) -> None:
    make_person("ann@example.com")
    assert "already a person named ann@example.com" in refused(run(*INVITE))
