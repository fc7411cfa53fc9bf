"""`/docs`: the whole description, in pages without further requests."""

import re

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse


@pytest.fixture
def page(client: FlaskClient) -> TestResponse:
    return client.get("/docs")


def vendor_pages(client: FlaskClient) -> list[TestResponse]:
    """The pages to which the page of our own API leads."""
    paths = dict.fromkeys(re.findall(r'href="(/docs/[^"]+)"', client.get("/docs").text))
    return [client.get(path) for path in paths]


def test_the_pages_list_everything_described(client: FlaskClient, page: TestResponse) -> None:
    description = client.get("/openapi.json").get_json()
    text = "".join(one.text for one in [page, *vendor_pages(client)])
    places = set(re.findall(r'id="([^"]+)"', text))
    assert set(description["components"]["schemas"]) | set(description["webhooks"]) <= places
    for path, item in description["paths"].items():
        assert f"</b> {path}</code>" in text
        for operation in (item[method] for method in ("get", "post") if method in item):
            assert operation["operationId"] in places
            for parameter in operation.get("parameters", []):
                assert f"<dt><code>{parameter['name']}</code>" in text.replace("&lt;", "<").replace("&gt;", ">")
    for code in ("client_tag_taken", "too_many_exports", "credentials_invalid"):
        assert f"<code>{code}</code>" in page.text


def test_each_vendor_has_a_page_of_its_own(client: FlaskClient, page: TestResponse) -> None:
    pages = vendor_pages(client)
    assert len(pages) > 5 and {one.status_code for one in pages} == {200}
    assert "/sms/json" not in page.text
    [vonage] = [one.text for one in pages if "</b> /sms/json</code>" in one.text]
    assert "/v1/messages" not in vonage and "Callbacks</h2>" not in vonage
    assert '<a href="/docs">Our own API</a>' in vonage


def test_an_unknown_vendor_has_no_page(client: FlaskClient) -> None:
    assert client.get("/docs/unheard-of").status_code == 404


def test_every_error_answer_leads_to_its_document(client: FlaskClient, page: TestResponse) -> None:
    """It is shown with its media type, like all other answers."""
    description = client.get("/openapi.json").get_json()
    problems = str(description["paths"]).count("'application/problem+json'")
    link = '<code>application/problem+json</code>: <a href="#Problem">Problem</a>'
    text = "".join(one.text for one in [page, *vendor_pages(client)])
    assert text.count(link) == problems > 50
    assert not re.search(r"<code>[\w.+-]+/[\w.+-]+</code>: anything", text)
    assert "Not authenticated: <code>account_disabled</code>, <code>credentials_invalid</code>" in page.text


def test_every_link_inside_a_page_leads_somewhere(client: FlaskClient, page: TestResponse) -> None:
    for one in [page, *vendor_pages(client)]:
        places = re.findall(r'id="([^"]+)"', one.text)
        leads = re.findall(r'href="#([^"]+)"', one.text)
        assert len(leads) > 10
        assert set(leads) <= set(places)
        assert len(places) == len(set(places))


def test_the_page_asks_for_nothing_else_and_runs_nothing(page: TestResponse) -> None:
    assert page.content_type == "text/html; charset=utf-8"
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    assert not re.search(r"<script|<link|<img|src=|@import|url\(|style=|\son\w+=", page.text)


def test_every_page_is_small(client: FlaskClient, page: TestResponse) -> None:
    assert max(len(one.data) for one in [page, *vendor_pages(client)]) < 150_000
