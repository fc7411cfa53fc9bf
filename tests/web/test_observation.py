"""Requests are counted by group of routes, method and status."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from shortener.telemetry.metrics import book, requests
from shortener.web.observation import group_of
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
