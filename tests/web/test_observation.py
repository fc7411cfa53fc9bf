"""Requests are counted by group of routes, method and status."""

from ipaddress import ip_network

import pytest
from flask import Flask
from flask.testing import FlaskClient

from shortener import create_app
from shortener.config.settings import Settings
from shortener.telemetry.log_setup import AccessLog
from shortener.telemetry.metrics import book, requests
from shortener.web.observation import group_of, is_written, without_route
from tests.support.factories import BROWSER, Sender, make_message, slug_of


def count(*labels: str) -> float:
    series = dict(requests.series(book.numbers.totals()))
    return sum(series[labels][:-1])


@pytest.mark.parametrize(
    ("path", "group"),
    [
        ("/v1/messages", "api"),
        ("/v1/receipts/kannel", "receipts"),
        ("/receipts/kannel/key", "receipts"),
        ("/dashboard", "dashboard"),
        ("/sms/messages/", "vendors"),
        ("/2010-04-01/Accounts/AC/Messages.json", "vendors"),
        ("/healthz", "other"),
        ("/metrics", "other"),
        ("/", "other"),
    ],
)
def test_a_path_belongs_to_a_group(app: Flask, path: str, group: str) -> None:
    assert group_of(app, path) == group


def test_requests_are_counted_with_their_status(client: FlaskClient) -> None:
    before = count("api", "POST", "4xx"), count("other", "other", "4xx")
    client.post("/v1/messages", json={})
    client.put("/nothing")
    assert (count("api", "POST", "4xx"), count("other", "other", "4xx")) == (before[0] + 1, before[1] + 1)


def test_redirects_are_counted_by_themselves(client: FlaskClient, sender: Sender) -> None:
    path, before = f"/{slug_of(make_message(sender).link)}", count("redirect", "GET", "3xx")
    assert client.get(path, headers={"User-Agent": BROWSER}).status_code == 302
    assert count("redirect", "GET", "3xx") == before + 1
    before = count("redirect", "HEAD", "4xx")
    client.head("/AbCdEfGhIj")
    assert count("redirect", "HEAD", "4xx") == before + 1


@pytest.mark.parametrize(
    ("access_log", "expected"),
    [("off", "0000"), ("failed", "0100"), ("api", "1100"), ("all", "1111")],
)
def test_the_setting_decides_which_requests_are_written(access_log: AccessLog, expected: str) -> None:
    asked = [("api", "201"), ("vendors", "401"), ("other", "200"), ("other", "404")]
    assert [is_written(access_log, *one) for one in asked] == [mark == "1" for mark in expected]


def test_a_path_without_a_route_is_cut() -> None:
    assert without_route("/receipts/vonage/key") == "/receipts/…"
    assert without_route("/robots") == "/robots"
    assert without_route("/conversions/sms") == "/conversions/…"
    assert without_route("/\x1b[31m") == "/…"


@pytest.mark.parametrize("path", ["/AbCdEfGhIj", "//AbCdEfGhIj/", "/AbCdEfGhIj.", "/AbCdEfGhIjです"])
def test_no_slug_is_written_either(path: str) -> None:
    assert without_route(path) == "/…"


def test_a_path_forges_no_field_of_a_line() -> None:
    assert without_route("/a status=200 client=192.0.2.1") == "/…"


def test_every_answer_has_an_id_of_its_request(client: FlaskClient) -> None:
    ids = [client.get("/v1/messages").headers["X-Request-ID"] for _ in range(2)]
    assert len(set(ids)) == 2 and all(len(one) == 16 for one in ids)


def test_only_a_trusted_proxy_gives_an_id(app: Flask, settings: Settings) -> None:
    given = {"X-Request-ID": "0af7651916cd43dd"}
    trusting = create_app(settings.model_copy(update={"trusted_proxies": (ip_network("127.0.0.0/8"),)}))
    assert trusting.test_client().get("/livez", headers=given).headers["X-Request-ID"] == given["X-Request-ID"]
    assert app.test_client().get("/livez", headers=given).headers["X-Request-ID"] != given["X-Request-ID"]
    forged = {"X-Request-ID": "a b\"c'd-1234"}
    assert trusting.test_client().get("/livez", headers=forged).headers["X-Request-ID"] != forged["X-Request-ID"]
