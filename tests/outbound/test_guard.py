"""Which addresses may be dialled, with sockets that only record, and name servers that lie or hang."""

import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from shortener.outbound import client, guard
from shortener.outbound.client import Client
from shortener.rules.delivery.receiver import Policy
from tests.support.callback_urls import ALLOWED, BLOCKED, NAMES, PORTS, REFUSED, V4, V6, NameServer, infos
from tests.support.corpora import rows
from tests.support.servers import LOOPBACK, SHORT, post, post_in_time, receiving

OUTCOMES = {"answered", "timeout", "blocked", "unresolved", "refused", "tls", "broken"}


@pytest.fixture
def dialled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that were dialled; no packet leaves."""
    addresses: list[str] = []

    def connect(_: socket.socket, address: tuple[Any, ...]) -> None:
        addresses.append(address[0])
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr(socket.socket, "connect", connect)
    return addresses


@pytest.mark.parametrize("url", [*REFUSED, *BLOCKED])
def test_nothing_is_dialled_for_a_bad_url(url: str, dialled: list[str]) -> None:
    answer = post(url, client=Client(Policy(ports=PORTS), resolve=NameServer(NAMES)))
    assert (answer.outcome, answer.status) == ("blocked", None)
    assert dialled == []


@pytest.mark.parametrize("url", [*REFUSED, *BLOCKED])
def test_the_wall_at_the_socket_holds_alone(url: str, dialled: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "check", lambda *_: None)
    answer = post(url, client=Client(Policy(), resolve=NameServer(NAMES)))
    assert set(dialled) <= {V4}
    assert answer.outcome in OUTCOMES - {"answered"}


@pytest.mark.parametrize(("url", "address"), ALLOWED.items())
def test_a_good_url_is_dialled_where_checked(url: str, address: str, dialled: list[str]) -> None:
    answer = post(url, client=Client(Policy(ports=PORTS), resolve=NameServer(NAMES)))
    assert (answer.outcome, dialled) == ("refused", [address])


def test_a_name_is_looked_up_once_for_each_attempt(dialled: list[str]) -> None:
    names = NameServer(NAMES)
    client = Client(Policy(), resolve=names)
    assert post("http://rebind.example/", client=client).outcome == "refused"
    assert post("http://rebind.example/", client=client).outcome == "blocked"
    assert (dialled, names.asked["rebind.example"]) == ([V4], 2)


def payloads() -> list[str]:
    published = rows("ssrf/payloads.jsonl") + rows("ssrf/open-redirect-payloads.jsonl")
    return [row["payload"] for row in published]


@pytest.mark.parametrize("payload", payloads())
def test_a_published_payload_reaches_nothing_inside(payload: str, dialled: list[str]) -> None:
    for inside in ("127.0.0.1", "169.254.169.254", "::ffff:10.0.0.1"):
        post(payload, client=Client(Policy(), resolve=NameServer({}, default=[inside])))
    assert dialled == []
    post(payload, client=Client(Policy(), resolve=NameServer({}, default=[V4])))
    assert set(dialled) <= {V4}


@pytest.mark.parametrize("payload", payloads())
def test_a_published_payload_gets_past_no_missing_check(
    payload: str, dialled: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "check", lambda *_: None)
    post(payload, client=Client(Policy(), resolve=NameServer({}, default=["127.0.0.1"])))
    assert all(ip_address(address).is_global for address in dialled)  # a public address, written as a number


def test_only_the_operator_learns_the_address(caplog: pytest.LogCaptureFixture) -> None:
    answer = post("http://priv.example/", client=Client(Policy(), resolve=NameServer(NAMES)))
    assert answer.detail == guard.NOT_ALLOWED
    assert "priv.example resolves to 10.1.2.3" in caplog.text


def test_an_opened_network_excludes_its_neighbour(dialled: list[str]) -> None:
    names = {"a.example": ["10.20.0.5"], "b.example": ["::ffff:10.20.0.5"], "c.example": ["10.21.0.5"]}
    client = Client(Policy(allow_nets=(ip_network("10.20.0.0/16"),)), resolve=NameServer(names))
    assert [post(f"http://{name}/", client=client).outcome for name in names] == ["refused", "refused", "blocked"]
    assert dialled == ["10.20.0.5", "::ffff:10.20.0.5"]


def test_an_allowed_host_obeys_denied_networks(dialled: list[str]) -> None:
    names = NameServer({"backend": ["10.0.0.5"], "meta": ["169.254.169.254"]})
    policy = Policy(allow_hosts=("backend", "meta"), deny_nets=(ip_network("169.254.0.0/16"),))
    assert post("http://backend/", client=Client(policy, resolve=names)).outcome == "refused"
    assert post("http://meta/", client=Client(policy, resolve=names)).outcome == "blocked"
    assert dialled == ["10.0.0.5"]


def test_of_many_addresses_three_are_dialled(dialled: list[str]) -> None:
    crowd = [f"93.184.{i // 256}.{i % 256}" for i in range(500)]
    answer = post("http://crowd.example/", client=Client(Policy(), resolve=NameServer({"crowd.example": crowd})))
    assert (answer.outcome, dialled) == ("refused", crowd[:3])


def test_one_bad_address_in_a_crowd_blocks(dialled: list[str]) -> None:
    crowd = [*["93.184.216.34"] * 499, "10.0.0.1"]
    answer = post("http://crowd.example/", client=Client(Policy(), resolve=NameServer({"crowd.example": crowd})))
    assert (answer.outcome, dialled) == ("blocked", [])


def test_both_address_families_are_dialled(dialled: list[str]) -> None:
    both = [V6, "2606:2800::2", "2606:2800::3", V4]
    post("http://both.example/", client=Client(Policy(), resolve=NameServer({"both.example": both})))
    assert dialled == [V6, V4, "2606:2800::2"]


def test_a_trailing_dot_reaches_the_look_up() -> None:
    asked: list[str] = []

    def resolve(host: str, port: int, **_: Any) -> list[tuple[Any, ...]]:
        asked.append(host)
        return infos(["10.0.0.1"], port)

    for host in ("ok.example.", "OK.example"):
        post(f"http://{host}/", client=Client(Policy(), resolve=resolve))
    assert asked == ["ok.example.", "ok.example"]


def test_our_own_host_is_blocked_without_look_up(dialled: list[str]) -> None:
    names = NameServer(NAMES)
    client = Client(Policy(own_hosts=frozenset({"ok.example"})), resolve=names)
    assert post("https://ok.example/abc", client=client).outcome == "blocked"
    assert (dialled, names.asked) == ([], {})


class Hanging:
    """A name server that does not answer for one name until released."""

    def __init__(self) -> None:
        self.let_go = threading.Event()

    def __call__(self, host: str, port: int, **hints: Any) -> list[tuple[Any, ...]]:
        if host == "silent.example":
            self.let_go.wait(30)
        return infos(["127.0.0.1"], port)


@pytest.fixture
def hanging() -> Iterator[Hanging]:
    server = Hanging()
    yield server
    server.let_go.set()


def test_a_silent_name_server_is_given_up(hanging: Hanging) -> None:
    answer = post_in_time("http://silent.example/", resolve=hanging)
    assert (answer.outcome, answer.detail) == ("unresolved", "the name look-up took too long")


def test_a_look_up_has_a_limit_below_the_attempts(hanging: Hanging, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "_LOOK_UP", 0.1)
    answer = post("http://silent.example/", client=Client(LOOPBACK, resolve=hanging, timeout=10))
    assert answer.outcome == "unresolved"
    assert answer.total_us is not None
    assert answer.total_us < 5_000_000


def test_a_silent_name_server_holds_up_no_other_receiver(hanging: Hanging) -> None:
    client = Client(LOOPBACK, resolve=hanging, timeout=10)
    with ThreadPoolExecutor(8) as pool, receiving() as receiver:
        stuck = [pool.submit(post, "http://silent.example/", client=client) for _ in range(8)]
        assert post(receiver.url("ok.example"), client=client).status == 200
        assert not any(job.done() for job in stuck)
        hanging.let_go.set()


def test_look_ups_are_bounded_and_recover(hanging: Hanging, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "_LOOK_UPS", 1)
    client = Client(LOOPBACK, resolve=hanging, timeout=SHORT)
    with receiving() as receiver:
        assert post("http://silent.example/", client=client).detail == "the name look-up took too long"
        answer = post(receiver.url("ok.example"), client=client)
        assert (answer.outcome, answer.detail) == ("unresolved", "too many name look-ups are under way")
        hanging.let_go.set()
        assert post(receiver.url("ok.example"), client=client).status == 200


def test_a_system_without_threads_costs_no_later_look_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> int:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(guard, "_LOOK_UPS", 1)
    client = Client(LOOPBACK)
    with receiving() as receiver:
        with monkeypatch.context() as full:
            full.setattr(guard._thread, "start_new_thread", fail)
            answer = post("http://127.0.0.1:1/", client=client)
        assert (answer.outcome, answer.detail) == ("unresolved", "the name could not be looked up")
        assert post(receiver.url(), client=client).status == 200


@pytest.mark.parametrize(
    "resolve",
    [NameServer({}), NameServer({"a.example": []}), lambda *_, **__: [int("x")]],
    ids=["unknown", "no address", "any error"],
)
def test_a_name_that_cannot_be_looked_up_is_unresolved(resolve: Callable[..., Any], dialled: list[str]) -> None:
    answer = post("http://a.example/", client=Client(Policy(), resolve=resolve))
    assert (answer.outcome, answer.status, dialled) == ("unresolved", None, [])


def test_a_hanging_look_up_does_not_delay_exit() -> None:
    program = (
        "import threading; from shortener.outbound.client import Client\n"
        "from shortener.rules.delivery.receiver import Policy\n"
        "client = Client(Policy(), timeout=2, resolve=lambda *_, **__: threading.Event().wait())\n"
        "print(client.request('POST', 'http://silent.example/', {}).outcome)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "unresolved\n"
