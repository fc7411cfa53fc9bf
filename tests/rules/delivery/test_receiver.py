"""Callback URLs that are refused by their text alone."""

import string
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortener.rules.delivery.receiver import MAX_URL, NOT_ALLOWED, Policy, allows, check, destination
from tests.support.callback_urls import ALLOWED, BLOCKED, PORTS, REFUSED

OPEN = Policy()
URL_LIKE = st.text(st.sampled_from(string.ascii_letters + string.digits + ":/?#[]@\\.%-_ \t"), max_size=40)


@pytest.mark.parametrize("url", REFUSED)
def test_a_bad_url_is_refused_at_creation(url: str) -> None:
    assert check(url, Policy(ports=PORTS)) is not None


@pytest.mark.parametrize("url", [*ALLOWED, *BLOCKED])
def test_a_name_is_judged_only_after_look_up(url: str) -> None:
    assert check(url, Policy(ports=PORTS)) is None


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("http://10.0.0.5/", NOT_ALLOWED),
        ("http://[::ffff:10.0.0.5]/", NOT_ALLOWED),
        ("http://localhost/", NOT_ALLOWED),
        ("http://127.1/", "must have its IPv4 address written as four decimal numbers"),
        ("http://ok.example:0/", "must have an allowed port"),
        ("http://ok.example:65536/", "must have an allowed port"),
        ("http://ok.example/a\\b", "must not contain a backslash or a fragment"),
        ("http://a:b@ok.example/", "must not contain a user name or password"),
        ("http://ok.example/#top", "must not contain a backslash or a fragment"),
        ("ftp://ok.example/", "must be an http or https URL"),
        ("http://-ok.example/", "must have a valid host"),
        ("http://[fe80::1%25eth0]/", "must have a valid host"),
        ("http://[1.2.3.4]/", "must have a valid host"),
        ("http://ok.example/カ", "must be printable ASCII: a punycode host, a percent-encoded path"),
        (f"http://ok.example/{'a' * MAX_URL}", f"must be at most {MAX_URL} characters"),
    ],
)
def test_the_refusal_says_why(url: str, sentence: str) -> None:
    assert check(url, OPEN) == sentence


@pytest.mark.parametrize(
    "url",
    [
        "https://ok.example",
        "https://ok.example./cb",
        "HTTPS://Hooks.OK.example:8443/a/b?c=d&e=%2F",
        "http://8.8.8.8:8080/",
        "http://[2606:2800::1]/",
        "http://xn--eckwd4c7c.example/",
        "http://under_score.example/[x]?a={b}",
        "http://ok.example?query",
    ],
)
def test_an_ordinary_url_is_fine(url: str) -> None:
    assert check(url, OPEN) is None


def test_a_very_long_name_is_refused() -> None:
    assert check(f"http://{'a' * 63}.example/", OPEN) is None
    assert check(f"http://{'a' * 64}.example/", OPEN) is not None
    assert check(f"http://{'a.' * 126}example/", OPEN) is not None


def test_http_can_be_closed() -> None:
    policy = Policy(allow_http=False)
    assert check("http://ok.example/", policy) == "must be an https URL; http is not allowed"
    assert check("https://ok.example/", policy) is None


def test_a_port_list_closes_all_other_ports() -> None:
    policy = Policy(ports=frozenset({443}))
    assert check("https://ok.example/", policy) is None
    assert check("https://ok.example:443/", policy) is None
    assert check("http://ok.example/", policy) == "must have an allowed port"
    assert check("https://ok.example:6379/", policy) == "must have an allowed port"


def test_our_own_host_is_refused_unless_listed() -> None:
    own = frozenset({"s.example", "api.example:8443"})
    for url in ("https://s.example/abc", "http://S.EXAMPLE.:81/", "https://api.example:8443/"):
        assert check(url, Policy(own_hosts=own)) == "must not be our own address: the callback would call itself"
    assert check("https://api.example/", Policy(own_hosts=own)) is None
    assert check("https://www.s.example/", Policy(own_hosts=own)) is None
    assert check("https://s.example/abc", Policy(own_hosts=own, allow_hosts=("s.example",))) is None


def test_an_allowed_network_opens_its_addresses_and_no_others() -> None:
    policy = Policy(allow_nets=(ip_network("10.20.0.0/16"),))
    assert check("http://10.20.0.5/", policy) is None
    assert check("http://[::ffff:10.20.0.5]/", policy) is None
    assert check("http://10.21.0.5/", policy) == NOT_ALLOWED


def test_a_short_name_is_judged_after_look_up() -> None:
    policy = Policy(allow_nets=(ip_network("10.20.0.0/16"),))
    assert check("http://db/", policy) is None
    assert check("http://localhost/", policy) is None


def test_only_an_allowed_host_may_be_short() -> None:
    policy = Policy(allow_hosts=("backend",))
    assert check("http://backend:8000/hook", policy) is None
    assert check("http://Backend./hook", policy) is None
    assert check("http://backend2/", policy) == NOT_ALLOWED


def test_an_allowed_host_is_refused_only_where_denied() -> None:
    policy = Policy(allow_hosts=("backend",), deny_nets=(ip_network("169.254.0.0/16"),))
    assert allows(ip_address("10.0.0.5"), "Backend.", policy)
    assert not allows(ip_address("169.254.169.254"), "backend", policy)
    assert not allows(ip_address("10.0.0.5"), "other", policy)


def test_the_operators_deny_closes_a_public_address() -> None:
    assert check("http://8.8.8.8/", Policy(deny_nets=(ip_network("8.8.8.0/24"),))) == NOT_ALLOWED


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("HTTPS://Hooks.OK.example./a", "https://hooks.ok.example:443"),
        ("http://ok.example?x", "http://ok.example:80"),
        ("http://ok.example:8080/", "http://ok.example:8080"),
        ("http://[2606:2800:0::1]/", "http://[2606:2800::1]:80"),
    ],
)
def test_a_destination_has_one_spelling(url: str, expected: str) -> None:
    assert destination(url) == expected


def test_a_destination_of_something_else_is_an_error() -> None:
    with pytest.raises(ValueError, match="must be an http or https URL"):
        destination("mailto:a@ok.example")


def same_host(one: str, other: str) -> bool:
    if other.startswith("["):
        return ip_address(one) == ip_address(other[1:-1])
    return one.removesuffix(".") == other


@given(URL_LIKE | URL_LIKE.map(lambda rest: f"http://{rest}"))
def test_both_parsers_agree_on_accepted_urls(url: str) -> None:
    if check(url, OPEN) is None:
        parts = urlsplit(url)
        host, _, port = destination(url).rpartition(":")
        assert same_host(parts.hostname or "", host.rpartition("/")[2])
        assert (parts.port or {"http": 80, "https": 443}[parts.scheme]) == int(port)
        assert parts.username is None
        assert not parts.fragment


@given(st.text(max_size=30))
def test_any_text_is_judged_without_an_error(text: str) -> None:
    assert isinstance(check(text, OPEN), str | None)
