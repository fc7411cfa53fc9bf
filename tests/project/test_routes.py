"""Routes: each declares and enforces who may call it, and only the redirect's path looks like a slug."""

import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.exceptions import NotFound
from werkzeug.routing import Rule

from shortener import create_app
from shortener.config.settings import Settings
from shortener.rules.slug import LENGTH, NO_MORE_SLUG, PATTERN
from shortener.storage import db
from shortener.web import path_groups
from shortener.web.access import ACCESS
from tests.conftest import SECRET_KEY

# Add to this list only after considering who may call the route.
PUBLIC = {
    "/",
    "/<slug:slug>",
    "/healthz",
    "/livez",
    "/metrics",
    "/readyz",
    "/robots.txt",
    "/openapi.json",
    "/docs",
    "/docs/<name>",
    "/assets/<name>",
    "/dashboard/sign-in",
    "/dashboard/choose-password/<key>",
}
# Formats of vendors whose errors have status 200, each with what only its errors contain.
REFUSED_WITH_200 = {
    "/sms/json": "error-text",
    "/p1/api/shortenurl.json": "Required token.",
    **dict.fromkeys(
        (
            *("/p5/api/mt.json", "/p5/api/status.json", "/p5/api/checkreservation.json"),
            *("/p5/api/cancelreservation.json", "/p5/api/cancelreservationall.json", "/p5/api/template.json"),
            *("/p5/api/separatedsuccesscount.json", "/p5/api/numbercleaning.json"),
        ),
        "Required token.",
    ),
}
# Under /dashboard: for every signed-in person, for an account's viewers, its owners, the operators.
SEATS = {"people", "viewers", "owners", "operators"}
REDIRECT = "redirect"
slugs = st.text(string.ascii_letters + string.digits, min_size=LENGTH, max_size=LENGTH)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """An application without tables: no request here reaches the database."""
    app = create_app(Settings(data=tmp_path_factory.mktemp("data"), secret_key=SECRET_KEY))
    with app.app_context():
        yield app
        db.db.engine.dispose()


def access(app: Flask, rule: Rule) -> str | None:
    """Who may call a route, as its view says."""
    return getattr(app.view_functions[rule.endpoint], ACCESS, None)


def methods(rule: Rule) -> set[str]:
    return (rule.methods or set()) - {"OPTIONS"}


def of_dashboard(rule: Rule) -> bool:
    return rule.endpoint.startswith("dashboard.")


def test_every_view_says_who_may_call_it(app: Flask) -> None:
    for rule in app.url_map.iter_rules():
        expected = {"public"} if rule.rule in PUBLIC else SEATS if of_dashboard(rule) else {"senders"}
        assert access(app, rule) in expected, rule.rule


def test_viewers_can_only_read_and_manage_themselves(app: Flask) -> None:
    sent = {rule.rule for rule in app.url_map.iter_rules() if of_dashboard(rule) and "POST" in methods(rule)}
    for_all = {rule.rule for rule in app.url_map.iter_rules() if access(app, rule) in {"viewers", "people"}}
    assert sent & for_all == {"/dashboard/try", "/dashboard/password", "/dashboard/time-zone", "/dashboard/sign-out"}


def test_what_is_public_is_there(app: Flask) -> None:
    assert {rule.rule for rule in app.url_map.iter_rules() if access(app, rule) == "public"} == PUBLIC


def test_every_other_route_requires_credentials(app: Flask) -> None:
    closed = [rule for rule in app.url_map.iter_rules() if rule.rule not in PUBLIC and not of_dashboard(rule)]
    tried = 0
    for rule in closed:
        path = app.url_map.bind("s.example.com").build(rule.endpoint, dict.fromkeys(rule.arguments, "x" * 32))
        for method in methods(rule):
            answer = app.test_client().open(path, method=method)
            tried += 1
            if rule.rule in REFUSED_WITH_200:
                assert method == "HEAD" or REFUSED_WITH_200[rule.rule] in answer.text, (method, path)
                continue
            assert answer.status_code == 401, (method, path)
            assert "WWW-Authenticate" in answer.headers, (method, path)
    assert tried >= 5


def test_pages_without_a_session_lead_to_sign_in(app: Flask) -> None:
    closed = [rule for rule in app.url_map.iter_rules() if rule.rule not in PUBLIC and of_dashboard(rule)]
    assert len(closed) >= 3
    for rule in closed:
        path = app.url_map.bind("s.example.com").build(rule.endpoint, dict.fromkeys(rule.arguments, "x" * 32))
        for method in methods(rule):
            answer = app.test_client().open(path, method=method)
            assert answer.status_code == 303, (method, path)
            assert answer.headers["Location"].startswith("/dashboard/sign-in"), (method, path)


@given(slugs)
def test_every_text_like_a_slug_reaches_the_redirect(app: Flask, slug: str) -> None:
    assert app.url_map.bind("s.example.com").match(f"/{slug}", method="GET") == (REDIRECT, {"slug": slug})


def test_no_other_route_has_the_shape_of_a_slug(app: Flask) -> None:
    others = [rule for rule in app.url_map.iter_rules() if rule.endpoint != REDIRECT]
    assert others
    for rule in others:
        first = rule.rule.split("/")[1]
        assert "<" not in first, f"{rule.rule} may take what is a slug"
        is_excepted = rule.rule.startswith(path_groups.prefixes_like(app, PATTERN))
        is_like_slug = re.match(PATTERN.pattern + NO_MORE_SLUG, first)
        assert not is_like_slug or is_excepted, f"{rule.rule} is the address of a link"


def test_a_group_of_paths_is_never_a_slug_alone(app: Flask) -> None:
    """A vendor's path may begin like a slug, but what follows is part of the group's prefix."""
    assert all(re.fullmatch("/[^/]+/[^/]+/", prefix) for prefix in path_groups.prefixes_like(app, PATTERN))


@pytest.mark.parametrize("path", ["/abcdefghi", "/abcdefghijk", "/abcdefghi-", "/abcdefghi/j", "/x/abcdefghij"])
def test_a_path_of_another_shape_is_never_the_redirects(app: Flask, path: str) -> None:
    with pytest.raises(NotFound):
        app.url_map.bind("s.example.com").match(path, method="GET")


def test_every_page_takes_a_slash_at_its_end(app: Flask) -> None:
    rules = [rule for rule in app.url_map.iter_rules() if rule.rule != "/"]
    for rule in rules:
        path = app.url_map.bind("s.example.com").build(rule.endpoint, dict.fromkeys(rule.arguments, "x" * 10))
        for method in methods(rule):
            matched, _ = app.url_map.bind("s.example.com").match(f"{path.rstrip('/')}/", method=method)
            assert matched == rule.endpoint, (method, path)


@pytest.mark.parametrize("path", ["/v1//messages", "/dashboard//messages", "/v1/messages//"])
def test_a_doubled_slash_never_redirects(app: Flask, path: str) -> None:
    with pytest.raises(NotFound):
        app.url_map.bind("evil.example").match(path, method="GET")


def test_a_link_is_only_read_never_written_to(app: Flask) -> None:
    [redirect] = [rule for rule in app.url_map.iter_rules() if rule.endpoint == REDIRECT]
    assert redirect.methods == {"GET", "HEAD"}


def test_nothing_is_served_from_the_file_system(app: Flask) -> None:
    assert app.static_folder is None
    assert not [rule for rule in app.url_map.iter_rules() if "path:" in rule.rule]
    assert (Path(app.root_path) / app.template_folder).is_dir()
