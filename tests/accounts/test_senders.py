"""Accounts: credentials that are shown once, keys that sign, defaults that hold for what comes after."""

import base64
import datetime as dt
import hashlib
import threading
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text

from shortener.accounts import senders
from shortener.accounts.encryption import seal
from shortener.accounts.senders import Credentials
from shortener.errors import AccountDisabledError, AccountNameError, CredentialsError, SecretKeyError
from shortener.running.services import services
from shortener.storage import db
from shortener.storage.models import Account, Base, Credential, SigningSecret
from tests.conftest import SECRET_KEY
from tests.support.factories import NOW, make_account, make_message

HOUR = dt.timedelta(hours=1)
pytestmark = pytest.mark.usefixtures("app")


def create(name: str = "shop") -> Credentials:
    with db.write() as session:
        return senders.create(session, name, secret_key=SECRET_KEY, now=NOW)


def rotate(name: str) -> str:
    with db.write() as session:
        return senders.rotate(session, name, now=NOW + HOUR)[1]


def rotate_secret(name: str, now: dt.datetime = NOW) -> str:
    with db.write() as session:
        return senders.rotate_signing_secret(session, name, secret_keys=(SECRET_KEY,), now=now)[1]


def disable(name: str, now: dt.datetime = NOW) -> None:
    with db.write() as session:
        senders.disable(session, name, now=now)


def opens(sid: str | None, token: str) -> str:
    """The name of the account that these credentials open."""
    return senders.authenticate(services().readers, sid, token).name


def keys_of(name: str, secret_key: str = SECRET_KEY, now: dt.datetime = NOW) -> list[bytes]:
    with db.read() as session:
        account = senders.named(session, name)
        return senders.signing_keys(session, account.id, secret_keys=(secret_key,), now=now)


def add_key(name: str, key: bytes, created_on: dt.datetime, expires_on: dt.datetime | None = None) -> None:
    with db.write() as session:
        session.add(
            SigningSecret(
                account_id=senders.named(session, name).id,
                sealed=seal(key, SECRET_KEY),
                created_on=created_on,
                expires_on=expires_on,
            )
        )


def everything_stored() -> str:
    """Every value of every table as one text."""
    with db.read() as session:
        rows = [session.execute(table.select()).all() for table in Base.metadata.sorted_tables]
    return repr(rows)


def test_a_new_account_has_credentials_that_open_it() -> None:
    made = create("shop")
    assert opens(made.sid, made.token) == opens(None, made.token) == "shop"


def test_an_opened_account_is_the_one_that_is_stored_in_every_column() -> None:
    made = create("shop")
    with db.write() as session:
        senders.configure(session, "shop", {"track_link": False, "detection": "smart", "recipient_storage": "masked"})
    with db.read() as session:
        stored = senders.named(session, "shop")
    opened = senders.authenticate(services().readers, made.sid, made.token)
    for column in Account.__table__.columns:
        assert repr(getattr(opened, column.key)) == repr(getattr(stored, column.key)), column.key


def test_credentials_are_random_and_plain() -> None:
    first, second = create("one"), create("two")
    for value in (first.sid, first.token):
        assert len(value) == 32
        assert value.isascii()
        assert value.isalnum()
    assert len({first.sid, first.token, second.sid, second.token}) == 4
    assert first.signing_secret != second.signing_secret


def test_the_signing_secret_is_the_key_that_signs() -> None:
    made = create("shop")
    shown = base64.b64decode(made.signing_secret.removeprefix("whsec_"), validate=True)
    assert keys_of("shop") == [shown]
    assert len(shown) == 32


def test_a_token_is_stored_as_its_sha256_only_and_a_signing_secret_sealed() -> None:
    made = create("shop")
    [key] = keys_of("shop")
    stored = everything_stored()
    for secret in (made.token, made.signing_secret, made.signing_secret.removeprefix("whsec_"), repr(key), key.hex()):
        assert secret not in stored
    with db.read() as session:
        assert session.scalars(select(Credential.token_sha256)).all() == [hashlib.sha256(made.token.encode()).digest()]


def test_a_secret_key_that_changed_is_named_and_opens_no_signing_secret() -> None:
    create("shop")
    with pytest.raises(SecretKeyError, match="SHORTENER_SECRET_KEY"):
        keys_of("shop", secret_key="another key for tests, as long as the first")


def test_a_name_is_taken_once() -> None:
    create("shop")
    with pytest.raises(AccountNameError, match="named shop already"):
        create("shop")
    with db.read() as session:
        assert len(senders.every(session)) == 1


def test_after_a_refused_name_the_next_account_can_be_made() -> None:
    create("shop")
    with pytest.raises(AccountNameError):
        create("shop")
    assert opens(None, create("other").token) == "other"


@pytest.mark.parametrize("name", ["", " ", "\t", "a\nb", "a\0b", "\ud800", "x" * 101, "\u202e", "\u3000"], ids=ascii)
def test_a_name_that_cannot_be_read_is_refused(name: str) -> None:
    with pytest.raises(AccountNameError, match="1 to 100 printable characters"):
        create(name)


@pytest.mark.parametrize("name", ["x" * 100, "ショップ", "my shop (test)", "-", "'; DROP TABLE account; --"])
def test_any_name_that_can_be_read_will_do(name: str) -> None:
    assert opens(None, create(name).token) == name


def test_two_who_take_one_name_at_once_make_one_account(app: Flask) -> None:
    together = threading.Barrier(2)
    outcomes: list[Any] = []

    def take() -> None:
        with app.app_context():
            together.wait(10)
            try:
                outcomes.append(create("shop").name)
            except AccountNameError as error:
                outcomes.append(type(error))

    threads = [threading.Thread(target=take) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(map(str, outcomes)) == sorted(["shop", str(AccountNameError)])


def test_credentials_that_open_nothing_are_told_apart_from_a_disabled_account() -> None:
    made, other = create("shop"), create("other")
    for sid, token in [(None, ""), (None, made.sid), (other.sid, made.token), ("", made.token), (made.sid, "x")]:
        with pytest.raises(CredentialsError) as caught:
            opens(sid, token)
        assert type(caught.value) is CredentialsError
    disable("shop")
    with pytest.raises(AccountDisabledError):
        opens(made.sid, made.token)


def test_a_rotated_token_replaces_the_old_one_and_nothing_else() -> None:
    made, other = create("shop"), create("other")
    keys = keys_of("shop")
    token = rotate("shop")
    assert opens(made.sid, token) == "shop"
    assert opens(other.sid, other.token) == "other"
    assert keys_of("shop") == keys
    with pytest.raises(CredentialsError):
        opens(made.sid, made.token)


def test_a_rotation_does_not_open_a_disabled_account() -> None:
    create("shop")
    disable("shop")
    with pytest.raises(AccountDisabledError):
        opens(None, rotate("shop"))


def test_disabled_twice_the_first_time_counts() -> None:
    create("shop")
    disable("shop", NOW)
    disable("shop", NOW + HOUR)
    with db.read() as session:
        assert senders.named(session, "shop").disabled_on == NOW


def test_a_disabled_accounts_events_are_still_signed() -> None:
    create("shop")
    disable("shop")
    assert len(keys_of("shop")) == 1


@pytest.mark.parametrize("act", [rotate, rotate_secret, disable, keys_of])
def test_an_account_that_is_not_there_is_named(act: Any) -> None:
    with pytest.raises(AccountNameError, match="no account named nobody"):
        act("nobody")


def test_keys_sign_the_newest_first_until_they_expire() -> None:
    create("shop")
    [oldest] = keys_of("shop")
    add_key("shop", b"newest", NOW + 2 * HOUR)
    add_key("shop", b"middle", NOW + HOUR, expires_on=NOW + 3 * HOUR)
    just_before = NOW + 3 * HOUR - dt.timedelta(microseconds=1)
    assert keys_of("shop", now=just_before) == [b"newest", b"middle", oldest]
    assert keys_of("shop", now=NOW + 3 * HOUR) == [b"newest", oldest]


def test_a_new_signing_secret_signs_first_and_the_old_one_for_a_day_more() -> None:
    create("shop")
    [old] = keys_of("shop")
    shown = rotate_secret("shop")
    new = base64.b64decode(shown.removeprefix("whsec_"), validate=True)
    assert keys_of("shop") == [new, old]
    assert keys_of("shop", now=NOW + 24 * HOUR - dt.timedelta(microseconds=1)) == [new, old]
    assert keys_of("shop", now=NOW + 24 * HOUR) == [new]
    assert keys_of("shop", now=NOW + 9000 * HOUR) == [new]


def test_rotated_twice_in_a_day_all_three_sign_and_none_lives_longer_for_it() -> None:
    create("shop")
    rotate_secret("shop")
    rotate_secret("shop", NOW + HOUR)
    assert [len(keys_of("shop", now=NOW + hours * HOUR)) for hours in (2, 24, 25)] == [3, 2, 1]


def test_what_expired_is_gone_with_the_next_rotation() -> None:
    create("shop")
    rotate_secret("shop")
    rotate_secret("shop", NOW + 48 * HOUR)
    with db.read() as session:
        assert len(session.scalars(select(SigningSecret)).all()) == 2


def test_a_rotation_leaves_other_accounts_alone() -> None:
    create("shop")
    create("other")
    before = keys_of("other", now=NOW + 48 * HOUR)
    rotate_secret("shop")
    assert keys_of("other", now=NOW + 48 * HOUR) == before


def test_of_two_keys_of_one_moment_the_later_row_is_the_newer() -> None:
    create("shop")
    add_key("shop", b"first", NOW + HOUR)
    add_key("shop", b"second", NOW + HOUR)
    assert keys_of("shop")[:2] == [b"second", b"first"]


def test_another_accounts_keys_sign_nothing_of_ours() -> None:
    create("shop")
    create("other")
    assert not set(keys_of("shop")) & set(keys_of("other"))


def test_a_new_account_has_the_defaults_of_the_contract() -> None:
    create("shop")
    with db.read() as session:
        account = senders.named(session, "shop")
    assert (account.track_link, account.detection) == (True, "strict")
    assert (account.count_as_click, account.recipient_storage) == ("person_or_unknown", "full")
    assert (account.created_on, account.disabled_on) == (NOW, None)


def test_changed_defaults_hold_for_messages_that_come_after() -> None:
    sender = make_account("shop")
    before = make_message(sender, recipient="+819012345678")
    with db.write() as session:
        senders.configure(session, "shop", {"track_link": False, "recipient_storage": "none"})
    after = make_message(sender, recipient="+819012345678")
    assert (before.link is not None, before.message.recipient) == (True, "+819012345678")
    assert (after.link, after.message.recipient) == (None, None)


def test_defaults_that_are_not_named_stay_and_other_accounts_keep_theirs() -> None:
    create("shop")
    create("other")
    with db.write() as session:
        senders.configure(session, "shop", {"detection": "smart"})
    with db.read() as session:
        changed, other = senders.named(session, "shop"), senders.named(session, "other")
    assert (changed.detection, changed.count_as_click, changed.track_link) == ("smart", "person_or_unknown", True)
    assert other.detection == "strict"


def test_all_accounts_are_listed_by_name_in_the_order_of_their_bytes() -> None:
    for name in ("ö", "b", "a", "B", "2", "10"):
        create(name)
    with db.read() as session:
        assert [account.name for account in senders.every(session)] == ["10", "2", "B", "a", "b", "ö"]


def test_credentials_go_with_their_account() -> None:
    create("shop")
    with db.write() as session:
        session.execute(text("DELETE FROM account"))
    with db.read() as session:
        assert session.scalars(select(Credential)).all() == session.scalars(select(SigningSecret)).all() == []


def test_the_secret_key_stands_nowhere_in_the_database() -> None:
    create("shop")
    assert SECRET_KEY not in everything_stored()
