"""What all pages share: headers, layout, language."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from shortener.web.dashboard.assets import ICON, SCRIPT, STYLE
from tests.support.browsing import Browser
from tests.support.factories import disable_account

PAGES = [
    "/dashboard/sign-in",
    "/dashboard/try",
    "/dashboard/operator",
    "/dashboard/password",
    "/dashboard/nowhere",
    "/dashboard/nowhere/x",
]


@pytest.mark.parametrize("path", PAGES)
def test_every_page_has_the_headers_that_keep_it_safe(owner: Browser, path: str) -> None:
    headers = owner.client.get(path).headers
    policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["style-src"] == policy["script-src"] == policy["form-action"] == "'self'"
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize("path", PAGES[1:])
def test_a_page_obeys_its_content_policy(owner: Browser, path: str) -> None:
    page = owner.open(path)
    for tag, named in page.tags:
        assert tag not in {"script", "style", "iframe", "object", "base"}
        assert not [name for name in named if name == "style" or name.startswith("on")]
        for name in ("src", "action"):
            assert (named.get(name) or "/").startswith("/")
        if tag == "link":
            assert (named["href"] or "").startswith("/assets/")


@pytest.mark.parametrize("path", PAGES)
def test_a_page_has_landmarks_and_labels(owner: Browser, path: str) -> None:
    page = owner.open(path)
    assert page.title
    tags = [tag for tag, _ in page.tags]
    assert tags.count("main") == tags.count("h1") == 1
    labelled = {named["for"] for tag, named in page.tags if tag == "label"}
    for tag, named in page.tags:
        if tag in {"input", "select", "textarea"} and named.get("type") != "hidden" and "hidden" not in named:
            assert named.get("id") in labelled or named.get("aria-label"), named
    ids = [named["id"] for _, named in page.tags if "id" in named]
    assert len(ids) == len(set(ids))
    assert '<a class="skip" href="#main">' in page.html


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_light(owner: Browser, path: str) -> None:
    assert len(owner.open(path).html.encode()) < 50_000


def test_the_stylesheet_is_small_and_cached(client: FlaskClient, app: Flask) -> None:
    for asset in (STYLE, SCRIPT, ICON):
        answer = client.get(f"/assets/{asset.name}")
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert len(answer.data) < 18_000
        assert "Set-Cookie" not in answer.headers
    assert not re.search(rb"url\(|@import", STYLE.content)


@pytest.mark.parametrize("name", ["style.css", "layout.html", "..%2flayout.html", "style.000000000000.css", ""])
def test_nothing_else_is_served(client: FlaskClient, app: Flask, name: str) -> None:
    assert client.get(f"/assets/{name}").status_code == 404


def test_an_unknown_page_is_a_dashboard_404(owner: Browser) -> None:
    page = owner.open("/dashboard/nowhere")
    assert (page.status, page.title) == (404, "Page not found")
    assert "Callbacks" in page.links


def test_another_method_of_a_page_is_refused(owner: Browser) -> None:
    assert owner.client.delete("/dashboard/try").status_code == 405
    assert owner.client.get("/dashboard/sign-out").status_code == 405


# Language


@pytest.mark.parametrize(
    ("asked", "given"), [("ja,en;q=0.5", "ja"), ("de", "en"), ("en-GB,ja;q=0.5", "en"), ("", "en")]
)
def test_a_page_speaks_the_browsers_language(app: Flask, asked: str, given: str) -> None:
    answer = app.test_client().get("/dashboard/sign-in", headers={"Accept-Language": asked})
    assert f'<html lang="{given}">' in answer.text
    assert ("サインイン" in answer.text) is (given == "ja")
    assert answer.headers["Content-Language"] == given


def test_a_language_that_is_chosen_stays_chosen(owner: Browser) -> None:
    page = owner.open("/dashboard/try")
    page = owner.open(page.links["日本語"])
    assert '<html lang="ja">' in page.html
    assert '<html lang="ja">' in owner.open("/dashboard/password").html
    page = owner.open(page.links["English"])
    assert '<html lang="en">' in owner.open("/dashboard/password").html


@pytest.mark.parametrize("chosen", ["xx", "ja%00", "../../etc", "<b>", "x" * 3000])
def test_a_language_that_there_is_not_changes_nothing(owner: Browser, chosen: str) -> None:
    page = owner.open("/dashboard/try?language=" + chosen)
    assert page.status == 200
    assert '<html lang="en">' in page.html
    assert owner.client.get_cookie("language", path="/dashboard") is None


@pytest.mark.parametrize("done", ["password", "<script>", "x" * 3000, "nothing"])
def test_what_was_done_is_said_in_our_words_alone(owner: Browser, done: str) -> None:
    page = owner.open("/dashboard/try?done=" + done)
    assert ("Your password has been changed." in page.text) is (done == "password")
    assert "<script>" not in page.html


# Roles


def test_an_operator_without_an_account_sees_no_accounts_pages(operator: Browser) -> None:
    page = operator.open("/dashboard/password")
    assert "Try it" not in page.links
    assert operator.send(page.form("/sign-out")).title == "Sign in"


def test_the_pages_of_a_disabled_account_are_closed(app: Flask, owner: Browser) -> None:
    disable_account("shop")
    page = owner.open("/dashboard/try")
    assert (page.status, page.title) == (403, "No permission")


@pytest.mark.parametrize(
    "query",
    ["endpoint=x", "_external=1&_scheme=javascript", "self=1&changes=2", "a=%00&b=%ff", "x=" + "y" * 100_000, "=&&;="],
)
@pytest.mark.parametrize("path", ["/dashboard/try", "/dashboard/nowhere", "/dashboard/messages", "/dashboard/sign-in"])
def test_whatever_stands_in_an_address_the_page_holds(owner: Browser, path: str, query: str) -> None:
    page = owner.open(f"{path}?{query}")
    assert page.status in {200, 404, 422}
    assert page.links["日本語"].startswith("/dashboard")
    assert len(page.html) < 50_000
