"""Credentials of requests: which account they belong to, and which are refused."""

import pytest

from shortener.accounts import senders
from shortener.accounts.authentication import authenticate
from shortener.accounts.senders import Sender
from shortener.errors import AccountDisabledError, CredentialsError
from shortener.running.services import services
from shortener.storage import db
from tests.support.factories import disable_account, make_account

pytestmark = pytest.mark.usefixtures("app")


def sender_of(sid: str | None, token: str) -> str:
    """Return the name of the sender that these credentials belong to."""
    return authenticate(services().readers, sid, token)[0].name


def test_new_credentials_belong_to_their_sender() -> None:
    made = make_account("shop")
    assert sender_of(made.sid, made.token) == sender_of(None, made.token) == "shop"


def test_a_sender_has_the_defaults_of_its_account() -> None:
    made = make_account("shop")
    changes = {"track_link": False, "detection": "smart", "bare_domains": "off", "recipient_storage": "masked"}
    with db.write() as session:
        senders.configure(session, "shop", changes)
    with db.read() as session:
        stored = Sender.of(senders.named(session, "shop"))
    sender, _ = authenticate(services().readers, made.sid, made.token)
    assert repr(sender) == repr(stored)  # types too: SQLite has no booleans


def test_changed_defaults_apply_to_the_next_request() -> None:
    made = make_account("shop")
    assert authenticate(services().readers, None, made.token)[0].detection == "strict"
    with db.write() as session:
        senders.configure(session, "shop", {"detection": "smart"})
    assert authenticate(services().readers, None, made.token)[0].detection == "smart"


def test_wrong_credentials_differ_from_a_disabled_account() -> None:
    made, other = make_account("shop"), make_account("other")
    for sid, token in [(None, ""), (None, made.sid), (other.sid, made.token), ("", made.token), (made.sid, "x")]:
        with pytest.raises(CredentialsError) as caught:
            sender_of(sid, token)
        assert type(caught.value) is CredentialsError
    disable_account("shop")
    with pytest.raises(AccountDisabledError):
        sender_of(made.sid, made.token)
