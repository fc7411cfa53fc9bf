"""Tokens on the account page: created with scopes and an end, replaced with an overlap, revoked."""

import datetime as dt

import pytest

from shortener.accounts.authentication import Token, authenticate
from shortener.errors import CredentialsError
from shortener.rules.scope import Scope
from shortener.running.services import services
from tests.support.browsing import Browser, Form, Page
from tests.support.factories import Sender

PAGE = "/dashboard/account"


def filled(page: Page, **fields: str) -> Form:
    """The form for a new token, with none of its boxes ticked but those given."""
    form = page.form("/credentials")
    form.fields = {name: value for name, value in form.fields.items() if value != "on"} | fields
    return form


def shown(page: Page) -> str:
    return page.html.split('<input class="secret"')[1].split('value="')[1].split('"')[0]


def known(token: str) -> Token:
    return authenticate(services().readers, None, token)[1]


def test_an_owner_creates_a_limited_token(owner: Browser) -> None:
    page = owner.send(filled(owner.open(PAGE), name="CI", send="on", read="on", expires_on="2100-01-01"))
    token = shown(page)
    assert (known(token).name, known(token).scopes) == ("CI", {Scope.SEND, Scope.READ})
    assert "send messages, read reports, lists and exports" in page.text
    assert "1 Jan 2100 00:00" in page.text
    assert token not in owner.open(PAGE).html


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"name": "main", "send": "on"}, "is the name of another token"),
        ({"name": " ", "send": "on"}, "must have 1 to 100 printable characters"),
        ({"name": "CI"}, "needs at least one choice"),
        ({"name": "CI", "send": "on", "expires_on": "2020-01-01"}, "must be a date in the future"),
        ({"name": "CI", "send": "on", "expires_on": "soon"}, "must be a date in the future"),
    ],
)
def test_what_is_wrong_stands_at_the_field(owner: Browser, fields: dict[str, str], fault: str) -> None:
    page = owner.send(filled(owner.open(PAGE), **fields))
    assert page.status == 422
    assert f"Please check: {fault}" in page.text
    assert 'class="secret"' not in page.html


def test_a_replaced_token_works_for_a_while(owner: Browser, sender: Sender) -> None:
    page = owner.send(owner.open(PAGE).form("/credentials/rotate"), overlap="24h")
    assert known(shown(page)).name == known(sender.token).name == "main"
    assert "The old token works until" in page.text and "replaced" in page.text
    assert len([form for form in page.forms if form.action.endswith("/revoke")]) == 1


def test_a_revoked_token_works_no_longer(owner: Browser, sender: Sender) -> None:
    page = owner.send(owner.open(PAGE).form("/credentials/revoke"))
    assert "The token has been revoked." in page.text
    assert "There is no token, so the account cannot use the API." in page.text
    with pytest.raises(CredentialsError):
        known(sender.token)


def test_a_token_that_is_gone_is_a_conflict(owner: Browser) -> None:
    form = owner.open(PAGE).form("/credentials/revoke")
    owner.send(form)
    assert owner.send(form).status == 409


def test_an_end_is_in_the_zone_of_the_page(owner: Browser) -> None:
    form = filled(owner.open(PAGE), name="CI", send="on")
    tomorrow = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=1)
    form.fields["expires_on"] = tomorrow.isoformat()
    assert known(shown(owner.send(form))).name == "CI"


def test_a_viewer_sees_tokens_without_their_forms(viewer: Browser) -> None:
    page = viewer.open(PAGE)
    assert "main" in page.text and "do everything" in page.text
    assert not [form for form in page.forms if "credentials" in form.action]
