"""The `Host` header: nothing leads there, and an invalid one does no harm."""

import logging
from itertools import product

import pytest
from flask.testing import FlaskClient

from tests.support.factories import BROWSER, TARGET, Sender, make_message, slug_of

BAD = ["..", ".", "a..b", "x" * 300 + ".com"]
ODD = ["", "日本..jp", "[", "[::1", "a b", "a/b", "evil.example:99999", "-", "user@evil.example", "evil.example:80:80"]
PATHS = [
    "/",
    "/dashboard",
    "/dashboard/sign-in",
    "/dashboard/messages/",
    "/dashboard/nothing",
    "/dashboard//messages",
    "/docs",
    "/v1/messages",
    "/v1//messages",
    "/sms/messages",
    "/healthz",
    "/nothing",
]


@pytest.mark.parametrize("path", PATHS)
def test_no_answer_leads_to_the_host_of_the_request(
    client: FlaskClient, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    for host, method in product([*BAD, *ODD, "evil.example"], ["GET", "POST"]):
        named = host.encode().decode("latin-1")
        with caplog.at_level(logging.ERROR):
            sent = {"HTTP_HOST": named, "HTTP_ORIGIN": f"http://{named}"}
            answer = client.open(path, method=method, environ_overrides=sent)
        assert answer.status_code < 500, (host, method)
        assert answer.headers.get("Location", "/").startswith("/"), (host, method)
        assert not answer.headers.get("Location", "/").startswith("//"), (host, method)
        assert "evil.example" not in answer.text
        assert not caplog.records, (host, method)


@pytest.mark.parametrize("path", ["/dashboard/sign-in", "/dashboard/messages", "/dashboard/nothing"])
@pytest.mark.parametrize("host", BAD)
def test_the_dashboard_refuses_an_invalid_host(client: FlaskClient, path: str, host: str) -> None:
    answer = client.get(path, environ_overrides={"HTTP_HOST": host.encode().decode("latin-1")})
    assert answer.status_code == 400


@pytest.mark.parametrize("host", [*BAD, *ODD])
def test_an_invalid_host_still_redirects(client: FlaskClient, sender: Sender, host: str) -> None:
    sent = {"HTTP_HOST": host.encode().decode("latin-1")}
    path = f"/{slug_of(make_message(sender).link)}"
    answer = client.get(path, headers={"User-Agent": BROWSER}, environ_overrides=sent)
    assert (answer.status_code, answer.headers["Location"]) == (302, TARGET)
