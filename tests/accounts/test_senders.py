"""Senders: names, defaults, enabling and disabling."""

import datetime as dt
import threading
from typing import Any

import pytest
from flask import Flask

from shortener.accounts import senders
from shortener.accounts.senders import Sender
from shortener.errors import AccountNameError
from shortener.storage import db
from tests.support.factories import NOW, disable_account, make_account, make_message

HOUR = dt.timedelta(hours=1)
pytestmark = pytest.mark.usefixtures("app")


def test_a_name_can_be_taken_only_once() -> None:
    make_account("shop")
    with pytest.raises(AccountNameError, match="already an account named shop"):
        make_account("shop")
    with db.read() as session:
        assert len(senders.every(session)) == 1


def test_a_refused_name_does_not_affect_the_next() -> None:
    make_account("shop")
    with pytest.raises(AccountNameError):
        make_account("shop")
    assert make_account("other").name == "other"


@pytest.mark.parametrize("name", ["", " ", "\t", "a\nb", "a\0b", "\ud800", "x" * 101, "\u202e", "\u3000"], ids=ascii)
def test_an_unreadable_name_is_refused(name: str) -> None:
    with pytest.raises(AccountNameError, match="1 to 100 printable characters"):
        make_account(name)


@pytest.mark.parametrize("name", ["x" * 100, "ショップ", "my shop (test)", "-", "'; DROP TABLE account; --"])
def test_any_readable_name_is_accepted(name: str) -> None:
    assert make_account(name).name == name


def test_simultaneous_creation_makes_one_account(app: Flask) -> None:
    together = threading.Barrier(2)
    outcomes: list[Any] = []

    def take() -> None:
        with app.app_context():
            together.wait(10)
            try:
                outcomes.append(make_account("shop").name)
            except AccountNameError as error:
                outcomes.append(type(error))

    threads = [threading.Thread(target=take) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(map(str, outcomes)) == sorted(["shop", str(AccountNameError)])


def test_disabling_again_keeps_the_first_time() -> None:
    make_account("shop")
    disable_account("shop", NOW)
    disable_account("shop", NOW + HOUR)
    with db.read() as session:
        assert senders.named(session, "shop").disabled_on == NOW


def test_a_new_account_has_the_documented_defaults() -> None:
    make_account("shop")
    with db.read() as session:
        account = senders.named(session, "shop")
    assert (account.track_link, account.detection) == (True, "strict")
    assert (account.count_as_click, account.recipient_storage) == ("person_or_unknown", "full")
    assert (account.created_on, account.disabled_on) == (NOW, None)


def test_changed_defaults_apply_to_later_messages() -> None:
    sender = make_account("shop")
    before = make_message(sender, recipient="+819012345678")
    with db.write() as session:
        senders.configure(session, "shop", {"track_link": False, "recipient_storage": "none"})
    after = make_message(sender, recipient="+819012345678")
    assert (before.link is not None, before.message.recipient) == (True, "+819012345678")
    assert (after.link, after.message.recipient) == (None, None)


def test_other_defaults_and_accounts_are_unchanged() -> None:
    make_account("shop")
    make_account("other")
    with db.write() as session:
        senders.configure(session, "shop", {"detection": "smart"})
    with db.read() as session:
        changed, other = senders.named(session, "shop"), senders.named(session, "other")
    assert (changed.detection, changed.count_as_click, changed.track_link) == ("smart", "person_or_unknown", True)
    assert other.detection == "strict"


def test_accounts_are_listed_in_byte_order() -> None:
    for name in ("ö", "b", "a", "B", "2", "10"):
        make_account(name)
    with db.read() as session:
        assert [account.name for account in senders.every(session)] == ["10", "2", "B", "a", "b", "ö"]


@pytest.mark.parametrize(
    "act",
    [lambda session: senders.named(session, "nobody"), lambda session: senders.disable(session, "nobody", now=NOW)],
)
def test_an_unknown_name_is_refused(act: Any) -> None:
    with pytest.raises(AccountNameError, match="no account named nobody"), db.write() as session:
        act(session)


def test_a_sender_cannot_be_changed() -> None:
    make_account("shop")
    with db.read() as session:
        sender = Sender.of(senders.named(session, "shop"))
    with pytest.raises(AttributeError):
        sender.detection = "smart"  # type: ignore[misc]


def test_the_audit_log_is_told_no_secret_change() -> None:
    url = "https://user:pass@crm.example.com/"
    changes = {"receipts_url": url, "fallback_url": url, "monthly_limit": None, "track_link": False}
    told = {"receipts_url": "set", "fallback_url": "set", "monthly_limit": "none", "track_link": False}
    assert senders.told(changes, header="") == told | {"callback_header": "removed"}
    assert senders.told({"receipts_url": None}, header="X-Key: 1") == {
        "receipts_url": "removed",
        "callback_header": "set",
    }
    assert senders.told({}) == {}
