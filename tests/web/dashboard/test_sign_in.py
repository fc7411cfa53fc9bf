"""Signing in and out: who gets a seat, how long it lasts, and who gets none."""

import datetime as dt
from contextlib import ExitStack

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from shortener import db, people, sessions
from shortener.config import Settings
from shortener.models import SignedIn, SignInFailure
from tests.browsing import PASSWORD, Browser, make_person, seated
from tests.conftest import running
from tests.factories import Sender

SIGN_IN = "/dashboard/sign-in"


@pytest.fixture
def ann(app: Flask, sender: Sender) -> Browser:
    """Ann's browser; she is not signed in."""
    make_person("ann@example.com")
    return Browser(app)


def rows(table: type) -> int:
    with db.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def cookie(browser: Browser) -> str | None:
    found = browser.client.get_cookie("dashboard", path="/dashboard")
    return found and found.value


def test_with_name_and_password_one_is_let_in(ann: Browser) -> None:
    page = ann.sign_in("ann@example.com")
    assert page.status == 200
    assert page.address != SIGN_IN
    assert "ann@example.com" in page.text


def test_a_name_is_taken_however_it_is_written(ann: Browser) -> None:
    assert ann.sign_in("  Ann@Example.COM ").address != SIGN_IN


@pytest.mark.parametrize("name", ["ann@example.com", "nobody", "", "\u0000", "x" * 5000, "<script>alert(1)</script>"])
def test_a_wrong_pair_gets_one_answer_whatever_is_wrong(ann: Browser, name: str) -> None:
    page = ann.sign_in(name, "not the password")
    assert page.status == 401
    assert page.title == "Sign in"
    assert "Name or password is wrong." in page.text
    assert cookie(ann) is None
    assert "<script" not in page.html


def test_where_nobody_has_the_name_a_password_is_hashed_all_the_same() -> None:
    """As dear as a real one: the parameters are those of a new hash."""
    assert not people.matches(None, PASSWORD)
    parameters = people.hashed(PASSWORD).rsplit("$", 2)[0]
    assert people.NOBODYS.startswith(parameters + "$")


def test_a_disabled_person_is_let_in_no_more_and_loses_the_seat(app: Flask, ann: Browser) -> None:
    ann.sign_in("ann@example.com")
    with db.write() as session:
        people.disable(session, "ann@example.com", now=db.now(session))
    assert ann.open("/dashboard/try").title == "Sign in"
    assert ann.sign_in("ann@example.com").status == 401


def test_the_page_that_was_wanted_is_shown_after_the_sign_in(ann: Browser) -> None:
    page = ann.open("/dashboard/password?done=password")
    assert page.title == "Sign in"
    page = ann.send(page.forms[0], name="ann@example.com", password=PASSWORD)
    assert page.address == "/dashboard/password?done=password"


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "/dashboard@evil.example",
        "/dashboard//../x y",
        "/dashboard/../AbCdEfGhIj",
        "/dashboard/./../AbCdEfGhIj",
        "/dashboard/..//evil.example",
        "/dashboard/%2e%2e/AbCdEfGhIj",
    ],
)
def test_nobody_is_sent_to_an_address_of_somebody_else(ann: Browser, elsewhere: str) -> None:
    form = ann.open(SIGN_IN).forms[0]
    fields = form.fields | {"name": "ann@example.com", "password": PASSWORD}
    answer = ann.client.post(SIGN_IN, query_string={"next": elsewhere}, data=fields)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/dashboard")


def test_a_form_is_sent_by_post_alone(ann: Browser) -> None:
    """What comes with HEAD is not read: nobody has looked at its token."""
    fields = {"name": "ann@example.com", "password": PASSWORD}
    answer = ann.client.head(SIGN_IN, data=fields)
    assert (answer.status_code, answer.headers.getlist("Set-Cookie")) == (200, [])
    ann.sign_in("ann@example.com")
    change = {"old": PASSWORD, "new": "another long password", "again": "another long password"}
    assert ann.client.head("/dashboard/password", data=change).status_code == 200
    assert ann.client.post(SIGN_IN, data=fields).status_code == 303


def test_the_cookie_is_kept_from_scripts_other_sites_and_plain_http(ann: Browser) -> None:
    answer = ann.client.post(SIGN_IN, data={"name": "ann@example.com", "password": PASSWORD})
    [header] = answer.headers.getlist("Set-Cookie")
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/dashboard"} <= set(header.split("; "))


def test_on_plain_http_the_cookie_comes_back(settings: Settings) -> None:
    with running(settings.model_copy(update={"public_url": "http://127.0.0.1:8000"})) as app:
        make_person("otto", None, None, operator=True)
        answer = app.test_client().post(SIGN_IN, data={"name": "otto", "password": PASSWORD})
        assert "Secure" not in answer.headers["Set-Cookie"]


def test_a_session_is_kept_as_its_digest_only(ann: Browser) -> None:
    ann.sign_in("ann@example.com")
    token = cookie(ann)
    with db.read() as session:
        [kept] = session.scalars(select(SignedIn.token_sha256))
    assert token is not None and len(kept) == 32 and token.encode() not in kept


def test_a_cookie_that_was_there_before_is_not_the_session_after(ann: Browser) -> None:
    """Somebody who planted a cookie, even one of a real session, shares nothing."""
    ann.sign_in("ann@example.com")
    planted = cookie(ann)
    ann.client.post(SIGN_IN, data={"name": "ann@example.com", "password": PASSWORD})
    assert cookie(ann) not in {planted, None}
    assert rows(SignedIn) == 1


@pytest.mark.parametrize("token", ["", "x", "x" * 4_000, "ü", '"', "%00"])
def test_a_cookie_from_nowhere_opens_nothing(ann: Browser, token: str) -> None:
    ann.client.set_cookie("dashboard", token, path="/dashboard")
    assert ann.open("/dashboard/try").title == "Sign in"


def test_who_signs_out_is_out_with_that_cookie_for_good(ann: Browser) -> None:
    page = ann.sign_in("ann@example.com")
    token = cookie(ann)
    assert ann.send(page.form("/sign-out")).title == "Sign in"
    assert cookie(ann) is None
    ann.client.set_cookie("dashboard", str(token), path="/dashboard")
    assert ann.open("/dashboard/try").title == "Sign in"


def test_a_session_that_is_not_used_ends(app: Flask, ann: Browser) -> None:
    ann.sign_in("ann@example.com")
    with db.write() as session:
        session.execute(update(SignedIn).values(expires_on=db.now(session)))
    assert ann.open("/dashboard/try").title == "Sign in"


def test_a_session_that_is_used_lasts_longer_though_not_for_ever(app: Flask, ann: Browser) -> None:
    ann.sign_in("ann@example.com")
    with db.write() as session:
        now = db.now(session)
        session.execute(update(SignedIn).values(expires_on=now + dt.timedelta(hours=1)))
    assert ann.open("/dashboard/try").title == "Try it"
    with db.read() as session:
        assert session.scalars(select(SignedIn.expires_on)).one() >= now + sessions.IDLE
    with db.write() as session:
        created_on = now - sessions.LONGEST + dt.timedelta(minutes=30)
        session.execute(update(SignedIn).values(created_on=created_on, expires_on=now + dt.timedelta(minutes=15)))
    assert ann.open("/dashboard/try").title == "Try it"
    with db.read() as session:
        assert session.scalars(select(SignedIn.expires_on)).one() == created_on + sessions.LONGEST


def test_a_page_that_is_opened_again_writes_nothing(app: Flask, ann: Browser) -> None:
    ann.sign_in("ann@example.com")
    with db.read() as session:
        before = session.scalars(select(SignedIn.expires_on)).one()
    ann.open("/dashboard/try")
    with db.read() as session:
        assert session.scalars(select(SignedIn.expires_on)).one() == before


# Too many tries


def fail(browser: Browser, name: str, times: int, network: str = "203.0.113.9") -> list[int]:
    fields = {"name": name, "password": "not the password"}
    environ = {"REMOTE_ADDR": network}
    return [browser.client.post(SIGN_IN, data=fields, environ_base=environ).status_code for _ in range(times)]


def test_after_ten_failures_a_name_is_not_tried_any_more_not_even_with_the_right_password(ann: Browser) -> None:
    assert fail(ann, "ann@example.com", 11) == [401] * 10 + [429]
    page = ann.sign_in("Ann@example.com")
    assert page.status == 429
    assert 0 < int(page.answer.headers["Retry-After"]) <= 900
    assert "Try again in a minute." in page.text


def test_a_name_that_nobody_has_is_limited_just_the_same(ann: Browser) -> None:
    assert fail(ann, "nobody", 11) == [401] * 10 + [429]


def test_what_is_refused_is_not_counted_and_does_not_grow(ann: Browser) -> None:
    fail(ann, "nobody", 14)
    assert rows(SignInFailure) == 10


def test_after_the_window_the_name_may_be_tried_again_and_old_failures_are_gone(app: Flask, ann: Browser) -> None:
    fail(ann, "ann@example.com", 10)
    with db.write() as session:
        session.execute(update(SignInFailure).values(tried_on=db.now(session) - sessions.WINDOW))
    assert ann.sign_in("ann@example.com").status == 200
    assert rows(SignInFailure) == 0


def test_one_network_may_not_try_many_names(ann: Browser) -> None:
    """Whatever addresses it uses; an IPv6 network is a /48."""
    with db.write() as session:
        for number in range(sessions.TRIES_BY_NETWORK):
            sessions.begin(session, f"name {number}", "2001:db8:1::/48", now=db.now(session))
    assert fail(ann, "another", 1, "2001:db8:1:2::77") == [429]
    assert fail(ann, "another", 1, "2001:db8:2::1") == [401]


def test_a_right_password_is_no_failure(ann: Browser) -> None:
    for _ in range(12):
        ann.client.delete_cookie("dashboard", path="/dashboard")
        assert ann.sign_in("ann@example.com").status == 200
    assert rows(SignInFailure) == 0


def test_beyond_a_few_at_once_sign_ins_are_told_to_come_again(ann: Browser) -> None:
    with ExitStack() as stack:
        for _ in range(people.WAITING):
            stack.enter_context(people.in_line())
        page = ann.sign_in("ann@example.com")
        assert (page.status, page.answer.headers["Retry-After"]) == (429, "3")
        assert "Too many people sign in at this moment." in page.text
        assert rows(SignInFailure) == 0
    assert ann.sign_in("ann@example.com").status == 200


# Changing one's password


def test_a_new_password_takes_the_place_of_the_old_one_and_ends_other_sessions(app: Flask, ann: Browser) -> None:
    ann.sign_in("ann@example.com")
    elsewhere = seated(app, "ann@example.com")
    form = ann.open("/dashboard/password").form("/password")
    page = ann.send(form, old=PASSWORD, new="another long one", again="another long one")
    assert "Your password has been changed." in page.text
    assert elsewhere.open("/dashboard/try").title == "Sign in"
    assert ann.open("/dashboard/try").title == "Try it"
    assert Browser(app).sign_in("ann@example.com").status == 401
    assert Browser(app).sign_in("ann@example.com", "another long one").status == 200


@pytest.mark.parametrize(
    ("old", "new", "again", "told"),
    [
        ("not it", "another long one", "another long one", "The old password is wrong."),
        (PASSWORD, "another long one", "another long two", "The two new passwords are not the same."),
        (PASSWORD, "short", "short", "A password has 10 to 200 characters."),
        (PASSWORD, "x" * 201, "x" * 201, "A password has 10 to 200 characters."),
    ],
)
def test_a_password_that_cannot_be_taken_changes_nothing(
    app: Flask, ann: Browser, old: str, new: str, again: str, told: str
) -> None:
    ann.sign_in("ann@example.com")
    page = ann.send(ann.open("/dashboard/password").form("/password"), old=old, new=new, again=again)
    assert page.status == 422
    assert told in page.text
    assert Browser(app).sign_in("ann@example.com").status == 200


def test_a_stolen_session_cannot_guess_the_password(ann: Browser) -> None:
    ann.sign_in("ann@example.com")
    form = ann.open("/dashboard/password").form("/password")
    answers = [ann.send(form, old=f"guess {number}", new="x" * 10, again="x" * 10).status for number in range(11)]
    assert answers == [422] * 10 + [429]
