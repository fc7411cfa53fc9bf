"""Forms: what another site's page sends is refused, whoever is signed in."""

import pytest
from flask import Flask
from sqlalchemy import func, select

from shortener.storage import db
from shortener.storage.models import SignedIn
from tests.support.browsing import PASSWORD, Browser, make_person, seated
from tests.support.factories import Sender

SIGN_OUT = "/dashboard/sign-out"


def sessions() -> int:
    with db.read() as session:
        return session.scalar(select(func.count()).select_from(SignedIn)) or 0


@pytest.mark.parametrize("form_token", [None, "", "x", "0" * 64, "ü" * 64])
def test_a_form_without_the_sessions_own_token_does_nothing(owner: Browser, form_token: str | None) -> None:
    data = {} if form_token is None else {"form_token": form_token}
    answer = owner.client.post(SIGN_OUT, data=data)
    assert answer.status_code == 403
    assert "The form was not accepted" in answer.text
    assert sessions() == 1


def test_a_token_of_another_session_is_refused(app: Flask, owner: Browser) -> None:
    other = seated(app, "olive")
    fields = other.open("/dashboard/try").form(SIGN_OUT).fields
    assert owner.client.post(SIGN_OUT, data=fields).status_code == 403
    assert sessions() == 2


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "https://localhost"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://localhost.evil.example"},
    ],
)
def test_a_cross_site_form_is_refused(owner: Browser, headers: dict[str, str]) -> None:
    fields = owner.open("/dashboard/try").form(SIGN_OUT).fields
    assert owner.client.post(SIGN_OUT, data=fields, headers=headers).status_code == 403
    assert sessions() == 1


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "same-origin", "Origin": "https://localhost"},
        {"Origin": "https://localhost"},
        {"Origin": "https://s.example.com"},  # behind a proxy that names itself in Host
    ],
)
def test_our_own_pages_are_believed(owner: Browser, headers: dict[str, str]) -> None:
    fields = owner.open("/dashboard/try").form(SIGN_OUT).fields
    assert owner.client.post(SIGN_OUT, data=fields, headers=headers).status_code == 303
    assert sessions() == 0


def test_another_sites_page_cannot_sign_in(app: Flask, sender: Sender) -> None:
    make_person("ann")
    fields, headers = {"name": "ann", "password": PASSWORD}, {"Sec-Fetch-Site": "cross-site"}
    answer = Browser(app).client.post("/dashboard/sign-in", data=fields, headers=headers)
    assert answer.status_code == 403
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "multipart/form-data; boundary=x", ""])
def test_what_is_no_form_is_refused(owner: Browser, kind: str) -> None:
    answer = owner.client.post(SIGN_OUT, data=b"{}", content_type=kind)
    assert answer.status_code == 403
    assert sessions() == 1


@pytest.mark.parametrize("body", [b"form_token=%ff", b"form_token=\xff", b"a=1&a=2", b"&".join([b"a=1"] * 200)])
def test_an_unreadable_form_is_reported_on_a_page(owner: Browser, body: bytes) -> None:
    answer = owner.client.post(SIGN_OUT, data=body, content_type="application/x-www-form-urlencoded")
    assert answer.status_code in {400, 422}
    assert answer.content_type == "text/html; charset=utf-8"


def test_an_overlong_form_is_reported_on_a_page(owner: Browser) -> None:
    page = owner.send(owner.open("/dashboard/try").form("/try"), message="x" * 600_000)
    assert (page.status, page.title) == (413, "Too large")


def test_a_form_without_session_leads_to_sign_in(app: Flask, owner: Browser) -> None:
    form = owner.open("/dashboard/try").form("/try")
    owner.client.delete_cookie("dashboard", path="/dashboard")
    assert owner.send(form, message="hello").title == "Sign in"
