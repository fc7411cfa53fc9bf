"""Credentials of requests: which account they belong to, and which are refused."""

import pytest
from sqlalchemy import delete

from shortener.accounts import senders, signing_secrets
from shortener.accounts.authentication import authenticate, signer
from shortener.accounts.senders import Sender
from shortener.errors import AccountDisabledError, CredentialsError
from shortener.running.services import services
from shortener.storage import db
from shortener.storage.models import SigningSecret
from tests.support.factories import NOW, disable_account, make_account

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


def signing_of(sid: str, *secret_keys: str) -> tuple[str, list[str]]:
    """Return the name of the sender with this SID, and its signing secrets."""
    with db.read() as session:
        keys = secret_keys or services().settings.secret_keys
        found = signer(session, sid, secret_keys=keys, now=NOW)
        return found.sender.name, found.secrets


def test_a_sid_leads_to_its_signing_secrets() -> None:
    made = make_account("shop")
    assert signing_of(made.sid) == ("shop", [made.signing_secret])


def test_after_a_rotation_both_secrets_sign() -> None:
    made = make_account("shop")
    with db.write() as session:
        account = senders.named(session, "shop")
        new, _ = signing_secrets.rotate(session, account.id, secret_keys=services().settings.secret_keys, now=NOW)
    assert signing_of(made.sid)[1] == [new, made.signing_secret]


@pytest.mark.parametrize("sid", ["", "x", "x" * 10_000, "\0", "ü"])
def test_an_unknown_sid_has_no_secrets(sid: str) -> None:
    make_account("shop")
    with pytest.raises(CredentialsError):
        signing_of(sid)


def test_a_secret_that_cannot_be_read_signs_nothing() -> None:
    made = make_account("shop")
    with pytest.raises(CredentialsError):
        signing_of(made.sid, "another secret key of thirty-two characters")
    with db.write() as session:
        session.execute(delete(SigningSecret))
    with pytest.raises(CredentialsError):
        signing_of(made.sid)


def test_only_who_signs_learns_of_disabling() -> None:
    made = make_account("shop")
    disable_account()
    with db.read() as session:
        found = signer(session, made.sid, secret_keys=services().settings.secret_keys, now=NOW)
    with pytest.raises(AccountDisabledError):
        found.signed(lambda secrets: made.signing_secret in secrets)
    with pytest.raises(CredentialsError) as caught:
        found.signed(lambda _: False)
    assert type(caught.value) is CredentialsError
