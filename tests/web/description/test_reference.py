"""`/docs`: the whole description, in one page without further requests."""

import re

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse


@pytest.fixture
def page(client: FlaskClient) -> TestResponse:
    return client.get("/docs")


def test_the_page_lists_everything_described(client: FlaskClient, page: TestResponse) -> None:
    description = client.get("/openapi.json").get_json()
    places = set(re.findall(r'id="([^"]+)"', page.text))
    assert set(description["components"]["schemas"]) | set(description["webhooks"]) <= places
    for path, item in description["paths"].items():
        assert f"</b> {path}</code>" in page.text
        for operation in (item[method] for method in ("get", "post") if method in item):
            assert operation["operationId"] in places
            for parameter in operation.get("parameters", []):
                assert f"<dt><code>{parameter['name']}</code>" in page.text.replace("&lt;", "<").replace("&gt;", ">")
    for code in ("client_tag_taken", "too_many_exports", "credentials_invalid"):
        assert f"<code>{code}</code>" in page.text


def test_every_error_answer_leads_to_its_document(client: FlaskClient, page: TestResponse) -> None:
    """It is shown with its media type, like all other answers."""
    description = client.get("/openapi.json").get_json()
    problems = str(description["paths"]).count("'application/problem+json'")
    link = '<code>application/problem+json</code>: <a href="#Problem">Problem</a>'
    assert page.text.count(link) == problems > 50
    assert not re.search(r"<code>[\w.+-]+/[\w.+-]+</code>: anything", page.text)
    assert "Not authenticated: <code>account_disabled</code>, <code>credentials_invalid</code>" in page.text


def test_every_link_inside_the_page_leads_somewhere(page: TestResponse) -> None:
    places = set(re.findall(r'id="([^"]+)"', page.text))
    leads = re.findall(r'href="#([^"]+)"', page.text)
    assert len(leads) > 50
    assert set(leads) <= places
    assert len(places) == len(re.findall(r'id="([^"]+)"', page.text))


def test_the_page_asks_for_nothing_else_and_runs_nothing(page: TestResponse) -> None:
    assert page.content_type == "text/html; charset=utf-8"
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    assert not re.search(r"<script|<link|<img|src=|@import|url\(|style=|\son\w+=", page.text)


def test_the_page_is_small(page: TestResponse) -> None:
    assert len(page.data) < 150_000
