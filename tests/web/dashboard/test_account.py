"""The account page: credentials and secrets, shown once; defaults; who may change them."""

import datetime as dt
from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import select, update

from shortener.accounts import senders, signing_secrets
from shortener.accounts.authentication import authenticate
from shortener.errors import CredentialsError
from shortener.rules.delivery.gateway_rules import Channel
from shortener.running.services import Services
from shortener.running.services import services as of_app
from shortener.storage import db
from shortener.storage.models import Account, Credential
from tests.support.browsing import Browser, Page
from tests.support.factories import Sender, make_message

PAGE = "/dashboard/account"


def opens(token: str) -> bool:
    try:
        return authenticate(of_app().readers, None, token)[0].name == "shop"
    except CredentialsError:
        return False


def shown(page: Page) -> str:
    """The token that only this page shows."""
    return page.html.split('<input class="secret"')[1].split('value="')[1].split('"')[0]


def test_the_page_holds_no_secret(viewer: Browser, sender: Sender) -> None:
    page = viewer.open(PAGE)
    assert sender.sid in page.text
    assert sender.token not in page.html and sender.signing_secret not in page.html


def test_a_new_token_is_shown_once(owner: Browser, sender: Sender) -> None:
    page = owner.send(owner.open(PAGE).form("/credentials/rotate"), overlap="")
    token = shown(page)
    assert opens(token) and not opens(sender.token)
    assert "The old token no longer works." in page.text
    assert f"{sender.sid}:{token}" in page.text
    assert page.answer.headers["Cache-Control"] == "no-store"
    assert token not in owner.open(PAGE).html


def test_a_new_signing_secret_is_shown_once(owner: Browser, sender: Sender, services: Services) -> None:
    page = owner.send(owner.open(PAGE).form("/secret"))
    secret = page.html.split('<code class="secret"')[1].split(">")[1].split("<")[0]
    assert secret.startswith("whsec_") and secret != sender.signing_secret
    again = owner.open(PAGE)
    assert secret not in again.html
    assert again.text.count("whsec_") == 2 and again.text.count("it is replaced") == 1
    with db.read() as session:
        account = session.scalars(select(Account)).one()
        keys = services.settings.secret_keys
        assert len(signing_secrets.signing_keys(session, account.id, secret_keys=keys, now=db.now(session))) == 2


def test_when_a_token_was_last_used_is_shown(app: Flask, owner: Browser, sender: Sender, services: Services) -> None:
    before = owner.open(PAGE).text.count("never")
    assert app.test_client().get("/v1/messages", headers=sender.bearer).status_code == 200
    assert owner.open(PAGE).text.count("never") == before  # no request writes it
    services.last_used.write()
    assert owner.open(PAGE).text.count("never") == before - 1


def test_token_use_is_written_once_a_minute(app: Flask, sender: Sender, services: Services) -> None:
    def used_on() -> dt.datetime | None:
        with db.read() as session:
            return session.scalars(select(Credential.used_on)).one()

    def use() -> dt.datetime | None:
        app.test_client().get("/v1/messages", headers=sender.bearer)
        services.last_used.write()
        return used_on()

    first = use()
    assert first is not None and use() == first
    with db.write() as session:
        session.execute(update(Credential).values(used_on=first - dt.timedelta(minutes=2)))
    services.last_used.write()  # nothing was used in between
    assert used_on() == first - dt.timedelta(minutes=2)
    assert (use() or first) > first


def test_a_wrong_token_is_no_use(app: Flask, sender: Sender, services: Services) -> None:
    app.test_client().get("/v1/messages", headers={"Authorization": "Bearer nonsense"})
    services.last_used.write()
    with db.read() as session:
        assert session.scalars(select(Credential.used_on)).one() is None


def test_an_owner_changes_the_defaults(owner: Browser) -> None:
    changes = {
        "track_link": "off",
        "detection": "smart",
        "bare_domains": "any",
        "count_as_click": "any",
        "recipient_storage": "masked",
    }
    page = owner.send(owner.open(PAGE).form("/defaults"), **changes)
    assert "The defaults have been saved." in page.text
    assert {name: page.form("/defaults").fields[name] for name in changes} == changes
    with db.read() as session:
        account = session.scalars(select(Account)).one()
        assert (account.track_link, account.detection, account.recipient_storage) == (False, "smart", "masked")


@pytest.mark.parametrize(
    ("name", "value"),
    [("detection", "clever"), ("track_link", "true"), ("recipient_storage", ""), ("count_as_click", "x" * 999)],
)
def test_a_default_that_is_no_choice_changes_nothing(owner: Browser, name: str, value: str) -> None:
    form = owner.open(PAGE).form("/defaults")
    before = dict(form.fields)
    assert owner.send(form, **{name: value}).status == 422
    after = owner.open(PAGE).form("/defaults").fields
    assert {key: after[key] for key in before if key != "form_token"} == {
        key: before[key] for key in before if key != "form_token"
    }


def test_a_viewer_is_offered_no_change_and_gets_none(viewer: Browser, sender: Sender) -> None:
    page = viewer.open(PAGE)
    assert [form.action for form in page.forms] == ["/dashboard/sign-out"]
    fields = page.forms[0].fields | {"detection": "smart"}
    for path in ("/credentials", "/credentials/rotate", "/credentials/revoke", "/secret", "/defaults"):
        assert viewer.client.post(PAGE + path, data=fields).status_code == 403
    assert opens(sender.token)


def test_one_accounts_owner_changes_nothing_of_another(stranger: Browser, sender: Sender, other_sender: Sender) -> None:
    page = stranger.send(stranger.open(PAGE).form("/credentials/rotate"), overlap="")
    assert sender.sid not in page.html
    assert opens(sender.token) and not opens(other_sender.token)


SENDING = {
    "receipts_url": "https://crm.example.com/receipts",
    "quiet_hours": "20:00-08:00",
    "time_zone": "Asia/Tokyo",
    "quiet_mode": "hold",
    "on_unsure": "repeat",
}


def stored(name: str) -> object:
    with db.read() as session:
        return getattr(session.scalars(select(Account)).one(), name)


def test_owner_changes_how_messages_are_sent(owner: Browser) -> None:
    page = owner.send(owner.open(PAGE).form("/account/sending"), **SENDING)
    assert "The settings for sending have been saved." in page.text
    assert {name: stored(name) for name in SENDING} == SENDING
    assert {name: page.form("/account/sending").fields[name] for name in SENDING} == SENDING


PAGES = {
    "sender_name": "例の店",
    "sender_contact": "help@shop.example.com",
    "fallback_url": "https://shop.example.com/",
}


def test_owner_changes_what_recipients_see(owner: Browser, viewer: Browser) -> None:
    page = owner.send(owner.open(PAGE).form("/account/pages"), **PAGES)
    assert "The pages for recipients have been saved." in page.text
    assert {name: page.form("/account/pages").fields[name] for name in PAGES} == PAGES
    assert all(text in viewer.open(PAGE).text for text in PAGES.values())
    owner.send(owner.open(PAGE).form("/account/pages"), **dict.fromkeys(PAGES, ""))
    assert {name: stored(name) for name in PAGES} == dict.fromkeys(PAGES)


def test_wrong_contact_is_named_at_its_field(owner: Browser) -> None:
    page = owner.send(owner.open(PAGE).form("/account/pages"), **(PAGES | {"sender_contact": "ask us"}))
    assert page.answer.status_code == 422
    assert "must be the URL of a page, a mail address or a phone number" in page.text
    assert page.form("/account/pages").fields["sender_contact"] == "ask us"
    assert stored("sender_name") is None


def test_empty_fields_take_settings_away(owner: Browser) -> None:
    owner.send(owner.open(PAGE).form("/account/sending"), **SENDING)
    owner.send(owner.open(PAGE).form("/account/sending"), receipts_url="", quiet_hours=" ")
    assert (stored("receipts_url"), stored("quiet_hours"), stored("time_zone")) == (None, None, "Asia/Tokyo")


@pytest.mark.parametrize(
    ("name", "value", "fault"),
    [
        ("receipts_url", "ftp://example.com", "must be an http or https URL"),
        ("quiet_hours", "late", "must be two different times"),
        ("quiet_hours", "20:00-08:00 Asia/Seoul", "must not name another time zone than the account's"),
        ("time_zone", "Mars/Olympus", "must be a time zone of the IANA database"),
    ],
)
def test_wrong_setting_is_named_at_its_field(owner: Browser, name: str, value: str, fault: str) -> None:
    page = owner.send(owner.open(PAGE).form("/account/sending"), **(SENDING | {name: value}))
    assert page.status == 422
    assert f"Please check: {fault}" in page.text
    assert page.form("/account/sending").fields[name] == value
    assert stored("receipts_url") is None


def test_wrong_settings_are_named_in_japanese(owner: Browser) -> None:
    wrong = {"receipts_url": "ftp://example.com", "quiet_hours": "late", "time_zone": "Mars/Olympus"}
    page = owner.send(owner.open(f"{PAGE}?language=ja").form("/account/sending"), **wrong)
    assert page.html.count('class="fault"') == 3
    assert "must be" not in page.text


def test_owner_of_limited_account_keeps_its_zone(owner: Browser, sender: Sender) -> None:
    wanted = {name: value for name, value in SENDING.items() if name != "time_zone"}
    with db.write() as session:
        senders.configure(session, sender.name, {"monthly_limit": 5000})
    form = owner.open(PAGE).form("/account/sending")
    assert "time_zone" not in form.fields
    forged = owner.client.post(form.action, data=form.fields | SENDING)
    assert (forged.status_code, stored("quiet_hours"), stored("time_zone")) == (303, "20:00-08:00", "UTC")
    page = owner.send(form, **(wanted | {"quiet_hours": "20:00-08:00 Asia/Seoul"}))
    assert page.status == 422
    assert stored("time_zone") == "UTC"


def test_use_of_the_monthly_limit_is_shown(viewer: Browser, sender: Sender) -> None:
    assert "no limit" in viewer.open(PAGE).text
    with db.write() as session:
        senders.configure(session, sender.name, {"monthly_limit": 5000})
    assert "at most 5,000" in viewer.open(PAGE).text
    make_message(sender)
    assert "1 of 5,000 in this month" in viewer.open(PAGE).text


def test_the_rate_of_the_account_is_shown(viewer: Browser, services: Services, sender: Sender) -> None:
    services.settings = services.settings.model_copy(update={"messages_per_second": 500})
    assert "at most 500" in viewer.open(PAGE).text
    with db.write() as session:
        senders.configure(session, sender.name, {"messages_per_second": 20})
    assert "Messages in a second at most 20 Messages" in viewer.open(PAGE).text


def test_the_gateway_in_use_is_named(app: Flask, viewer: Browser, services: Services, sender: Sender) -> None:
    assert "none: texts are given back and not sent" in viewer.open(PAGE).text
    services.gateways = replace(services.gateways, by_channel={Channel.SMS: "kannel", Channel.EMAIL: "smtp"})
    assert "kannel, smtp as the installation is set" in viewer.open(PAGE).text
    with db.write() as session:
        senders.configure(session, sender.name, {"gateway": "none"})
    assert "none: texts are given back and not sent" in viewer.open(PAGE).text


def test_owner_sees_the_urls_for_receipts(app: Flask, owner: Browser, viewer: Browser, sender: Sender) -> None:
    url = f"https://s.example.com/receipts/vonage/{sender.sid}-"
    assert url in owner.open(PAGE).text
    assert url not in viewer.open(PAGE).text
    path = owner.open(PAGE).text.partition("https://s.example.com/receipts/vonage/")[2].partition(" ")[0]
    assert app.test_client().post(f"/receipts/vonage/{path}").status_code != 401
