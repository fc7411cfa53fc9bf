"""Signing in and out: who gets a session, and how long it lasts."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from shortener.accounts import logins, passwords, people, throttle
from shortener.accounts.throttle import Origin
from shortener.config.settings import Settings
from shortener.errors import SignInLimitError
from shortener.storage import db
from shortener.storage.models import SignedIn, SignInFailure
from tests.conftest import running
from tests.support.browsing import PASSWORD, Browser, make_person, seated
from tests.support.factories import Sender

NEW = "another long one"
SIGN_IN = "/dashboard/sign-in"
SECOND, MICROSECOND = dt.timedelta(seconds=1), dt.timedelta(microseconds=1)


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
    assert "The name or password is wrong." in page.text
    assert cookie(ann) is None
    assert "<script>" not in page.html


def test_an_unknown_name_still_hashes_the_password() -> None:
    """As expensive as a real one: with the parameters of a new hash."""
    assert not passwords.matches(None, PASSWORD)
    parameters = passwords.hashed(PASSWORD).rsplit("$", 2)[0]
    assert passwords.DUMMY_HASH.startswith(parameters + "$")


def test_a_disabled_person_loses_the_session(app: Flask, ann: Browser) -> None:
    ann.sign_in("ann@example.com")
    with db.write() as session:
        people.disable(session, "ann@example.com", now=db.now(session))
    assert ann.open("/dashboard/try").title == "Sign in"
    assert ann.sign_in("ann@example.com").status == 401


def test_sign_in_leads_to_the_requested_page(ann: Browser) -> None:
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
def test_sign_in_never_leads_to_another_site(ann: Browser, elsewhere: str) -> None:
    form = ann.open(SIGN_IN).forms[0]
    fields = form.fields | {"name": "ann@example.com", "password": PASSWORD}
    answer = ann.client.post(SIGN_IN, query_string={"next": elsewhere}, data=fields)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/dashboard")


def test_a_form_is_sent_by_post_alone(ann: Browser) -> None:
    """The body of a HEAD request is not read, because its token is not checked."""
    fields = {"name": "ann@example.com", "password": PASSWORD}
    answer = ann.client.head(SIGN_IN, data=fields)
    assert (answer.status_code, answer.headers.getlist("Set-Cookie")) == (200, [])
    ann.sign_in("ann@example.com")
    change = {"old": PASSWORD, "new": "another long password", "again": "another long password"}
    assert ann.client.head("/dashboard/password", data=change).status_code == 200
    assert ann.client.post(SIGN_IN, data=fields).status_code == 303


def test_the_cookie_has_all_safety_attributes(ann: Browser) -> None:
    answer = ann.client.post(SIGN_IN, data={"name": "ann@example.com", "password": PASSWORD})
    session, known = answer.headers.getlist("Set-Cookie")
    for header, path in ((session, "/dashboard"), (known, "/dashboard/sign-in")):
        assert {"Secure", "HttpOnly", "SameSite=Lax", f"Path={path}"} <= set(header.split("; "))


def test_on_plain_http_the_cookie_comes_back(settings: Settings) -> None:
    with running(settings.model_copy(update={"public_url": "http://127.0.0.1:8000"})) as app:
        make_person("otto", None, None, operator=True)
        answer = app.test_client().post(SIGN_IN, data={"name": "otto", "password": PASSWORD})
        assert "Secure" not in answer.headers["Set-Cookie"]


def test_a_session_is_stored_as_its_digest(ann: Browser) -> None:
    ann.sign_in("ann@example.com")
    token = cookie(ann)
    with db.read() as session:
        [kept] = session.scalars(select(SignedIn.token_sha256))
    assert token is not None and len(kept) == 32 and token.encode() not in kept


def test_sign_in_replaces_an_earlier_cookie(ann: Browser) -> None:
    """A person who planted a cookie, even of a real session, does not share the new session."""
    ann.sign_in("ann@example.com")
    planted = cookie(ann)
    ann.client.post(SIGN_IN, data={"name": "ann@example.com", "password": PASSWORD})
    assert cookie(ann) not in {planted, None}
    assert rows(SignedIn) == 1


@pytest.mark.parametrize("token", ["", "x", "x" * 4_000, "ü", '"', "%00"])
def test_a_cookie_from_nowhere_opens_nothing(ann: Browser, token: str) -> None:
    ann.client.set_cookie("dashboard", token, path="/dashboard")
    assert ann.open("/dashboard/try").title == "Sign in"


def test_signing_out_ends_the_session(ann: Browser) -> None:
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


def test_a_page_that_updates_itself_extends_no_session(app: Flask, ann: Browser) -> None:
    ann.sign_in("ann@example.com")
    with db.write() as session:
        ends_on = db.now(session) + dt.timedelta(hours=1)
        session.execute(update(SignedIn).values(expires_on=ends_on))
    assert ann.client.get("/dashboard/messages", headers={"X-Refresh": "1"}).status_code == 200
    with db.read() as session:
        assert session.scalars(select(SignedIn.expires_on)).one() == ends_on


def test_use_extends_a_session_within_bounds(app: Flask, ann: Browser) -> None:
    ann.sign_in("ann@example.com")
    with db.write() as session:
        now = db.now(session)
        session.execute(update(SignedIn).values(expires_on=now + dt.timedelta(hours=1)))
    assert ann.open("/dashboard/try").title == "Try it"
    with db.read() as session:
        assert session.scalars(select(SignedIn.expires_on)).one() >= now + logins.IDLE
    with db.write() as session:
        created_on = now - logins.LONGEST + dt.timedelta(minutes=30)
        session.execute(update(SignedIn).values(created_on=created_on, expires_on=now + dt.timedelta(minutes=15)))
    assert ann.open("/dashboard/try").title == "Try it"
    with db.read() as session:
        assert session.scalars(select(SignedIn.expires_on)).one() == created_on + logins.LONGEST


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


def later(how_long: dt.timedelta) -> None:
    """Move all failures back by this time."""
    with db.write() as session:
        for failure in session.scalars(select(SignInFailure)):
            failure.tried_on -= how_long


def begin(name: str, place: str, times: int = 1) -> None:
    """Count failures, each as soon as allowed."""
    for _ in range(times):
        with db.write() as session:
            session.add(
                SignInFailure(name_sha256=throttle._sha256(name), network=place, tried_on=db.now(session) - 2 * SECOND)
            )


HOME, AWAY = "203.0.113.9", "198.51.100.7"
FREE = throttle.PAIR.free
FRESH = throttle.UNTHROTTLED


def sign_in_from(browser: Browser, network: str, name: str = "ann@example.com") -> int:
    fields = {"name": name, "password": PASSWORD}
    return browser.client.post(SIGN_IN, data=fields, environ_base={"REMOTE_ADDR": network}).status_code


def test_failures_slow_down_the_network_they_came_from(ann: Browser) -> None:
    assert fail(ann, "ann@example.com", FREE + 1, HOME) == [401] * FREE + [429]
    assert sign_in_from(ann, HOME, "Ann@example.com") == 429
    assert sign_in_from(ann, AWAY, "Ann@example.com") == 303


def test_what_is_refused_tells_when_to_come_again(ann: Browser) -> None:
    fail(ann, "ann@example.com", FREE, HOME)
    fields = {"name": "ann@example.com", "password": "not the password"}
    answer = ann.client.post(SIGN_IN, data=fields, environ_base={"REMOTE_ADDR": HOME})
    assert (answer.status_code, answer.headers["Retry-After"] in {"1", "2"}) == (429, True)
    assert "Try again in a minute." in answer.text


@pytest.mark.parametrize(("failures", "seconds"), [(4, 0), (5, 2), (6, 4), (9, 32), (10, 60), (11, 60), (10_000, 60)])
def test_the_wait_doubles_up_to_a_minute(failures: int, seconds: int) -> None:
    assert throttle.PAIR.wait(failures) == seconds * SECOND


def test_a_person_who_waits_can_sign_in(ann: Browser) -> None:
    fail(ann, "ann@example.com", FREE, HOME)
    later(2 * SECOND)
    assert sign_in_from(ann, HOME) == 303


def test_failures_elsewhere_lock_no_name_out(ann: Browser) -> None:
    begin("ann@example.com", "203.0.113.0/24", 40)
    assert sign_in_from(ann, HOME) == 429
    assert sign_in_from(ann, AWAY) == 303


def test_many_networks_together_try_one_name_seldom(app: Flask, ann: Browser) -> None:
    for number in range(throttle.NAME.free):
        begin("ann@example.com", f"10.0.{number}.0/24")
    assert fail(ann, "ann@example.com", FRESH + 1, AWAY) == [401] * FRESH + [429]
    later(30 * SECOND)
    assert fail(ann, "ann@example.com", 2, AWAY) == [401, 429]


def test_many_networks_together_lock_nobody_out(app: Flask, ann: Browser) -> None:
    """However many there are, the first attempts from another network are still allowed."""
    for number in range(throttle.NAME.free):
        begin("ann@example.com", f"10.0.{number}.0/24")
    begin("bob@example.com", "203.0.113.0/24", throttle.NETWORK.free)
    assert fail(ann, "ann@example.com", 1, HOME) == [401]
    assert sign_in_from(Browser(app), HOME) == 303


def test_a_network_tries_many_names_seldom(ann: Browser) -> None:
    """Whatever addresses it uses; an IPv6 network is a /48."""
    for number in range(throttle.NETWORK.free):
        begin(f"name {number}", "2001:db8:1::/48")
    assert fail(ann, "another", FRESH + 1, "2001:db8:1:2::77") == [401] * FRESH + [429]
    assert fail(ann, "another", 1, "2001:db8:2::1") == [401]
    later(5 * SECOND)
    assert fail(ann, "another", 2, "2001:db8:1:2::77") == [401, 429]


def test_a_known_browser_is_not_throttled(app: Flask, ann: Browser) -> None:
    """Not by failures of strangers in the same network, as behind an untrusted proxy, nor by all failures together."""
    assert sign_in_from(ann, HOME) == 303
    ann.client.delete_cookie("dashboard", path="/dashboard")
    for number in range(throttle.NAME.free):
        begin("ann@example.com", f"10.0.{number}.0/24")
    begin("ann@example.com", "203.0.113.0/24", throttle.NETWORK.free)
    assert sign_in_from(Browser(app), HOME) == 429
    assert sign_in_from(ann, HOME) == 303


def test_a_known_browser_is_known_for_its_name_alone(app: Flask, ann: Browser) -> None:
    make_person("bob@example.com")
    assert sign_in_from(ann, HOME) == 303
    begin("bob@example.com", "203.0.113.0/24", 40)
    assert sign_in_from(ann, HOME, "bob@example.com") == 429


def test_a_known_browser_cannot_guess_without_end_either(ann: Browser) -> None:
    assert sign_in_from(ann, HOME) == 303
    assert fail(ann, "ann@example.com", FREE + 1, HOME) == [401] * FREE + [429]
    assert fail(ann, "ann@example.com", 1, AWAY) == [429]


@pytest.mark.parametrize("token", ["", ".", "x", "x.y", "ü.ü", f"{'a' * 22}.{'0' * 64}"])
def test_a_forged_sign_of_a_known_browser_is_none(ann: Browser, token: str) -> None:
    assert sign_in_from(ann, HOME) == 303
    [name] = [cookie.key for cookie in ann.client._cookies.values() if cookie.key.startswith("known-")]  # type: ignore[union-attr]
    ann.client.set_cookie(name, token, path="/dashboard/sign-in")
    begin("ann@example.com", "203.0.113.0/24", 40)
    assert sign_in_from(ann, HOME) == 429


def test_failures_from_a_wrong_clock_are_ignored(app: Flask, ann: Browser) -> None:
    fail(ann, "ann@example.com", FREE, HOME)
    later(-365 * 24 * 60 * 60 * SECOND)
    assert sign_in_from(ann, HOME) == 303
    assert rows(SignInFailure) == 0


def test_an_unknown_name_is_throttled_too(ann: Browser) -> None:
    assert fail(ann, "nobody", FREE + 1) == [401] * FREE + [429]


def test_a_refused_attempt_is_not_counted(ann: Browser) -> None:
    fail(ann, "nobody", FREE + 4)
    assert rows(SignInFailure) == FREE


def test_tries_at_one_moment_are_counted_too(app: Flask, ann: Browser) -> None:
    def count(_: int) -> bool:
        with app.app_context(), db.write() as session:
            try:
                throttle.begin(session, "ann", Origin("203.0.113.0/24"), now=db.now(session))
            except SignInLimitError:
                return False
            return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(count, range(24))) == FREE


def test_after_the_window_old_failures_are_gone(app: Flask, ann: Browser) -> None:
    fail(ann, "ann@example.com", FREE)
    later(throttle.WINDOW)
    assert ann.sign_in("ann@example.com").status == 200
    assert rows(SignInFailure) == 0


def test_a_right_password_is_no_failure(ann: Browser) -> None:
    for _ in range(12):
        ann.client.delete_cookie("dashboard", path="/dashboard")
        assert ann.sign_in("ann@example.com").status == 200
    assert rows(SignInFailure) == 0


def test_simultaneous_sign_ins_are_limited(ann: Browser) -> None:
    with ExitStack() as stack:
        for _ in range(passwords.MOST_WAITING):
            stack.enter_context(passwords.admission())
        page = ann.sign_in("ann@example.com")
        assert (page.status, page.answer.headers["Retry-After"]) == (429, "3")
        assert "Too many people are signing in right now." in page.text
        assert rows(SignInFailure) == 0
    assert ann.sign_in("ann@example.com").status == 200


# Changing one's password


def test_a_new_password_ends_other_sessions(app: Flask, ann: Browser) -> None:
    ann.sign_in("ann@example.com")
    elsewhere = seated(app, "ann@example.com")
    form = ann.open("/dashboard/password").form("/password")
    page = ann.send(form, old=PASSWORD, new="another long one", again="another long one")
    assert "Your password has been changed." in page.text
    assert elsewhere.open("/dashboard/try").title == "Sign in"
    assert ann.open("/dashboard/try").title == "Try it"
    assert Browser(app).sign_in("ann@example.com").status == 401
    assert Browser(app).sign_in("ann@example.com", "another long one").status == 200


def test_an_existing_common_password_still_works(app: Flask, ann: Browser) -> None:
    with db.write() as session:
        people.set_password(session, people.named(session, "ann@example.com"), passwords.hashed("password123"))
    assert Browser(app).sign_in("ann@example.com", "password123").status == 200


@pytest.mark.parametrize(
    ("old", "new", "again", "told"),
    [
        ("not it", "another long one", "another long one", "The current password is wrong."),
        (PASSWORD, "another long one", "another long two", "The new passwords do not match."),
        (PASSWORD, "short", "short", "A password must have 10 to 200 characters."),
        (PASSWORD, "x" * 201, "x" * 201, "A password must have 10 to 200 characters."),
        (PASSWORD, "1234567890", "1234567890", "This password is easy to guess"),
        (PASSWORD, "password123", "password123", "This password is easy to guess"),
        (PASSWORD, "example tulips", "example tulips", "This password is easy to guess"),
        (PASSWORD, "my shop is open", "my shop is open", "This password is easy to guess"),
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
    answers = [ann.send(form, old=f"guess {number}", new=NEW, again=NEW).status for number in range(FREE + 1)]
    assert answers == [422] * FREE + [429]


def test_strangers_cannot_block_a_password_change(ann: Browser) -> None:
    ann.sign_in("ann@example.com")
    begin("ann@example.com", "127.0.0.0/24", 60)
    page = ann.send(ann.open("/dashboard/password").form("/password"), old=PASSWORD, new=NEW, again=NEW)
    assert "Your password has been changed." in page.text
