"""The page of invitations and reset links: what opens it, what uses a link up, and what nobody gets to know."""

import logging

import pytest
from flask import Flask

from shortener.accounts import password_links, people, throttle
from shortener.storage import db
from tests.support.browsing import PASSWORD, Browser, Page, make_person, seated
from tests.support.factories import Sender

NEW = "seven quiet otters"


@pytest.fixture
def path(app: Flask, sender: Sender) -> str:
    """The path of a link for ann, an owner of the account `shop`."""
    make_person("ann@example.com")
    with db.write() as session:
        return password_links.create(session, people.named(session, "ann@example.com"), now=db.now(session))


def choose(browser: Browser, path: str, new: str = NEW, again: str = NEW) -> Page:
    return browser.send(browser.open(path).form(path), new=new, again=again)


def test_opening_a_link_does_not_use_it(app: Flask, path: str) -> None:
    for _ in range(3):
        assert Browser(app).open(path).title == "Choose your password"
    app.test_client().head(path)
    assert choose(Browser(app), path).title == "Sign in"


def test_a_chosen_password_ends_older_sessions(app: Flask, path: str) -> None:
    older = seated(app, "ann@example.com")
    page = choose(Browser(app), path)
    assert "You can sign in with it now." in page.text
    assert older.open("/dashboard/account").title == "Sign in"
    assert Browser(app).sign_in("ann@example.com").status == 401
    assert Browser(app).sign_in("ann@example.com", NEW).status == 200


def test_a_used_link_says_where_to_turn(app: Flask, path: str) -> None:
    choose(Browser(app), path)
    page = Browser(app).open(path)
    assert (page.status, page.title) == (404, "This link does not work")
    assert "ann@example.com" not in page.text
    assert app.test_client().post(path, data={"new": NEW, "again": NEW}).status_code == 404


@pytest.mark.parametrize(
    ("new", "again", "said"),
    [(NEW, "other", "do not match"), ("short", "short", "10 to 200"), ("ann@example.com",) * 2 + ("easy to guess",)],
)
def test_a_refused_password_keeps_the_link(app: Flask, path: str, new: str, again: str, said: str) -> None:
    page = choose(Browser(app), path, new, again)
    assert page.status == 422 and said in page.text
    assert choose(Browser(app), path).title == "Sign in"


def test_wrong_links_are_slowed_down_as_sign_ins(app: Flask, path: str) -> None:
    for number in range(throttle.PAIR.free):
        assert Browser(app).open(f"{password_links.PATH}wrong{number}").status == 404
    page = Browser(app).open(f"{password_links.PATH}wrong")
    assert page.status == 429 and int(page.answer.headers["Retry-After"]) >= 1
    assert Browser(app).sign_in("ann@example.com", PASSWORD).status == 200


def test_the_link_is_in_no_log_and_no_referrer(app: Flask, path: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    answer = app.test_client().get(path)
    choose(Browser(app), path)
    assert answer.headers["Referrer-Policy"] == "strict-origin"
    assert answer.headers["Cache-Control"] == "no-store"
    token = path.rpartition("/")[2]
    assert not [record for record in caplog.records if token in str(record.__dict__)]


def test_a_form_of_another_site_is_refused(app: Flask, path: str) -> None:
    headers = {"Sec-Fetch-Site": "cross-site"}
    assert app.test_client().post(path, data={"new": NEW, "again": NEW}, headers=headers).status_code == 403
    assert Browser(app).open(path).status == 200
