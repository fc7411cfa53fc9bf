"""Which credentials of the vendor's clients are read, and how."""

import base64

import pytest

from shortener.errors import CredentialsError
from shortener.vendors.infobip import credentials


def basic(pair: bytes) -> str:
    return "Basic " + base64.b64encode(pair).decode()


def test_an_api_key_is_a_token_alone() -> None:
    assert credentials.read("App secret", {}) == (None, "secret")
    assert credentials.read("app  secret ", {}) == (None, "secret")


def test_user_and_password_are_sid_and_token() -> None:
    assert credentials.read(basic(b"sid:to:ken"), {}) == ("sid", "to:ken")


def test_credentials_in_the_query_come_first() -> None:
    assert credentials.read("App other", {"username": "sid", "password": "token"}) == ("sid", "token")


@pytest.mark.parametrize("query", [{"username": "sid"}, {"password": "token"}, {"username": "", "password": "token"}])
def test_half_a_pair_in_the_query_is_passed_over(query: dict[str, str]) -> None:
    assert credentials.read("App secret", query) == (None, "secret")


@pytest.mark.parametrize(
    "header",
    ["", "App", "App ", "App ключ", "Basic", "Basic !", basic(b"no colon"), basic(b"\xff:\xff"), "Digest a=b", "\0"],
)
def test_other_credentials_are_refused(header: str) -> None:
    with pytest.raises(CredentialsError, match="App TOKEN"):
        credentials.read(header, {})


@pytest.mark.parametrize("scheme", ["Bearer", "IBSSO", "bearer"])
def test_sessions_and_oauth_are_refused_by_name(scheme: str) -> None:
    with pytest.raises(CredentialsError, match="not supported"):
        credentials.read(f"{scheme} secret", {})
