"""`/docs`: the whole description, in pages without further requests."""

import datetime as dt
import html
import re
import shlex
from typing import Any

import pytest
from flask.testing import FlaskClient
from pydantic import TypeAdapter
from werkzeug.test import TestResponse

from shortener import vendors
from shortener.reporting.documents import BatchedMessage, MessageReport, PreprocessedMessage
from shortener.rules.delivery.event import Event
from tests.support import sens
from tests.support.factories import Sender


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
        for operation in (item[method] for method in ("get", "post", "delete") if method in item):
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


@pytest.mark.parametrize("name", [face.blueprint.name for face in vendors.load()])
def test_every_command_of_a_vendor_works(client: FlaskClient, sender: Sender, name: str) -> None:
    """As it stands on the page, with an account's credentials. Of an unknown message it is not found."""
    known = {"sid": sender.sid, "account_sid": f"AC{sender.sid}", "service": "shop", "domain_sid": "DN1"}
    known["referenceDate"] = f"{dt.datetime.now(dt.UTC) - dt.timedelta(days=1):%Y%m%d}"
    lines = commands(client.get(f"/docs/{name}").text)
    assert len(lines) > 2
    for line in lines:
        line = re.sub(r"\{(\w+)\}", lambda found: known.get(found[1], found[0]), line)
        answer = asked(client, sender, line)
        if "{" in line.partition(" --json ")[0]:
            assert answer.status_code == 404 or "Invalid clientTag" in answer.text, (line, answer.text)
        else:
            assert answer.status_code < 300, (line, answer.text)
            assert not re.search(r'"(?:responseCode|status)": ?"?[1-9]', answer.text), (line, answer.text)


def commands(page: str) -> list[str]:
    """The commands on a page, each on one line."""
    found = re.findall(r"<pre><code>(curl .*?)</code></pre>", page, re.DOTALL)
    return [html.unescape(one).replace("\\\n", "") for one in found]


def asked(client: FlaskClient, sender: Sender, line: str) -> TestResponse:
    """The answer to a command's request."""
    words = shlex.split(line.replace("TOKEN", sender.token))[1:]
    options: dict[str, list[str]] = {}
    while words[0].startswith("-"):
        options.setdefault(words.pop(0), []).append(words.pop(0))
    target = words.pop(0).removeprefix("https://s.example.com")
    for option, value in zip(words[::2], words[1::2], strict=True):
        options.setdefault(option, []).append(value)
    json, form = options.get("--json", [None])[0], options.get("--form-string", [])
    method = options.get("-X", ["POST" if json or form else "GET"])[0]
    headers = dict(header.split(": ", 1) for header in options.get("-H", []))
    headers |= sender.basic if "-u" in options else {}
    if sens.ACCESS_KEY in headers:
        signed = sens.headers(sender, method, target)
        assert headers.keys() == signed.keys()
        headers = signed
    if form:
        return client.open(target, method=method, headers=headers, data=dict(one.split("=", 1) for one in form))
    return client.open(target, method=method, headers=headers, data=json, content_type="application/json")


def test_a_page_says_how_credentials_are_given(client: FlaskClient) -> None:
    assert "No credentials needed" not in client.get("/docs/aicross").text
    assert "<code>Authorization: Bearer TOKEN</code>, and the account&#39;s SID" in client.get("/docs/karaden").text
    assert "-u SID:TOKEN" not in client.get("/docs/sens").text


def test_a_vendors_answers_have_its_statuses(client: FlaskClient) -> None:
    """Vonage and AI CROSS answer errors with 200 too."""
    paths = client.get("/openapi.json").get_json()["paths"]
    assert list(paths["/sms/json"]["post"]["responses"]) == ["200", "503"]
    assert list(paths["/conversions/sms"]["post"]["responses"]) == ["200", "401", "403", "420", "429", "500", "503"]
    sent = paths["/p5/api/mt.json"]["post"]["responses"]
    assert list(sent) == ["200"]
    names = [one["$ref"].rpartition("/")[2] for one in sent["200"]["content"]["application/json"]["schema"]["anyOf"]]
    assert names == ["AicrossSent", "AicrossAnswer"]


def test_every_error_answer_leads_to_its_document(client: FlaskClient, page: TestResponse) -> None:
    """Our own API has one document for all errors, which the page names once, at its top."""
    link = '<code>application/problem+json</code>: <a href="#Problem">Problem</a>'
    assert page.text.count(link) == 1 and "Retry-After" in page.text.split(link)[1].split("</p>")[0]
    text = "".join(one.text for one in [page, *vendor_pages(client)])
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


@pytest.mark.parametrize("kind", [MessageReport, PreprocessedMessage, BatchedMessage, Event])
def test_an_example_is_such_a_document(kind: Any) -> None:
    adapter = TypeAdapter(kind)
    for example in adapter.json_schema()["examples"]:
        assert adapter.dump_python(adapter.validate_python(example), mode="json") == example


def test_the_page_shows_a_report_and_a_way_back(page: TestResponse) -> None:
    assert "&#34;first_of_any_kind&#34;" in page.text and "&#34;link.clicked&#34;" in page.text
    assert '<a href="/dashboard">' in page.text
