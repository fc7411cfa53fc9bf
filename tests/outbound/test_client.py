"""Requests to real receivers on loopback, most of which misbehave."""

import gzip
import logging
import socket
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import trustme
from hypothesis import given, settings
from hypothesis import strategies as st

from shortener.outbound.client import Answer, Client
from tests.support.callback_urls import NameServer
from tests.support.servers import (
    BODY,
    LOOPBACK,
    OK,
    SHORT,
    Behaviour,
    Call,
    patience,
    post,
    post_in_time,
    read_request,
    receiving,
    swallowing,
)


def test_a_request_is_sent_as_it_was_given() -> None:
    names = NameServer({"hooks.example": ["127.0.0.1"]})
    with receiving() as receiver:
        url = receiver.url("hooks.example", path="/a%2Fb?sig=a%2Db%7E&x=[1]")
        answer = post(url, client=Client(LOOPBACK, resolve=names))
    head, _, body = receiver.requests[0].partition(b"\r\n\r\n")
    lines = head.decode("ascii").split("\r\n")
    assert (answer.status, answer.body, body) == (200, b"ok", BODY)
    assert lines[0] == "POST /a%2Fb?sig=a%2Db%7E&x=[1] HTTP/1.1"
    assert sorted(lines[1:]) == [
        "Accept-Encoding: identity",
        "Connection: close",
        f"Content-Length: {len(BODY)}",
        "Content-Type: application/json",
        f"Host: hooks.example:{receiver.port}",
        "User-Agent: shortener",
        "webhook-id: msg_1",
    ]


def test_the_environment_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login a password b\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere")
    with receiving() as proxy, receiving() as receiver:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url(path=""))
        assert post(receiver.url()).status == 200
    assert proxy.calls == 0
    assert b"authorization" not in receiver.requests[0].lower()


def test_a_cookie_is_not_stored() -> None:
    with receiving(b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1; Path=/\r\nContent-Length: 0\r\n\r\n") as receiver:
        client = Client(LOOPBACK)
        assert [post(receiver.url(), client=client).status for _ in range(2)] == [200, 200]
    assert b"cookie" not in receiver.requests[1].lower()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_reported_but_not_followed(status: int) -> None:
    with receiving() as inside:
        head = f"HTTP/1.1 {status} Moved\r\nLocation: {inside.url()}\r\nContent-Length: 0\r\n\r\n"
        with receiving(head.encode()) as receiver:
            answer = post(receiver.url())
    assert (answer.outcome, answer.status, inside.calls) == ("answered", status, 0)
    assert answer.detail == (f"answered {status} to '{inside.url()}', and redirects are not followed")


def test_a_location_is_reported_in_printable_ascii() -> None:
    with receiving(b"HTTP/1.1 302 F\r\nLocation: \x1b[31m\xff\r\n\tx\r\nContent-Length: 0\r\n\r\n") as receiver:
        answer = post(receiver.url())
    assert answer.detail.isascii()
    assert answer.detail.isprintable()


@pytest.mark.parametrize("status", [201, 204, 400, 410, 429, 500, 503, 999])
def test_any_status_is_an_answer(status: int) -> None:
    with receiving(f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n".encode()) as receiver:
        answer = post(receiver.url())
    assert (answer.outcome, answer.status) == ("answered", status)
    assert answer.detail == f"answered {status}"


@pytest.mark.parametrize(
    ("header", "kept"),
    [
        (b"Retry-After: 120", "120"),
        (b"retry-after:  Fri, 31 Dec 1999 23:59:59 GMT ", "Fri, 31 Dec 1999 23:59:59 GMT"),
        (b"Retry-After: " + b"9" * 500, "9" * 64),
        (b"Retry-After: \x00\x1b", None),
        (b"Retry-After:", None),
        (b"X: y", None),
    ],
)
def test_retry_after_is_returned_within_bounds(header: bytes, kept: str | None) -> None:
    with receiving(b"HTTP/1.1 503 X\r\n" + header + b"\r\nContent-Length: 0\r\n\r\n") as receiver:
        assert post(receiver.url()).retry_after == kept


def test_times_are_in_order() -> None:
    with receiving() as receiver:
        answer = post(receiver.url())
    times = [answer.lookup_us, answer.connect_us, answer.first_byte_us, answer.total_us]
    assert None not in times
    assert times == sorted(times, key=lambda time: time or 0)


def test_a_time_that_was_not_reached_is_left_out() -> None:
    with receiving(b"") as receiver:
        silent_answer = post(receiver.url())
        assert (silent_answer.connect_us is None, silent_answer.first_byte_us) == (False, None)
    refused = post(receiver.url())
    assert (refused.lookup_us is None, refused.connect_us) == (False, None)


def test_a_connection_is_closed_despite_keep_alive() -> None:
    ended: list[bytes] = []

    def keep(call: Call) -> None:
        call.say(b"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok")
        ended.append(call.connection.recv(1))

    with receiving(keep) as receiver:
        assert post(receiver.url()).status == 200
    assert ended == [b""]


def test_an_invalid_header_is_the_callers_fault() -> None:
    with pytest.raises(ValueError, match="in header value"):
        Client(LOOPBACK).request("POST", "http://127.0.0.1:1/", {"webhook-id": "a\r\nb: c"})


def test_one_client_serves_many_threads() -> None:
    client = Client(LOOPBACK)
    with ExitStack() as stack, ThreadPoolExecutor(8) as pool:
        receivers = [stack.enter_context(receiving(f"HTTP/1.1 {200 + i} X\r\n\r\n".encode())) for i in range(8)]
        jobs = [pool.submit(post, receiver.url(), client=client) for receiver in receivers * 8]
        assert [job.result().status for job in jobs] == [200 + i for i in range(8)] * 8


# --- Receivers that misbehave -----------------------------------------------------------------------------------------


def endless_body(call: Call) -> None:
    call.say(b"HTTP/1.1 200 OK\r\n\r\n")
    call.repeat(b"x" * 65536)


def endless_chunks(call: Call) -> None:
    call.say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    call.repeat(b"4\r\nabcd\r\n")


def dripping_body(call: Call) -> None:
    call.say(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n")
    call.drip(b"x" * 5000)


def stalled_body(call: Call) -> None:
    call.say(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nab")
    call.hang()


def stalled_headers(call: Call) -> None:
    call.say(b"HTTP/1.1 200 OK\r\nX: y\r\n")
    call.hang()


def reset_in_body(call: Call) -> None:
    call.say(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nab")
    call.reset()


def reset_at_once(call: Call) -> None:
    call.reset()


def flood_of_interim_answers(call: Call) -> None:
    call.repeat(b"HTTP/1.1 100 Continue\r\n\r\n")


def drip_of_interim_answers(call: Call) -> None:
    call.repeat(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n", pause=0.1)


def flood_without_a_line_end(call: Call) -> None:
    call.repeat(b"x" * 65536)


def silent(call: Call) -> None:
    call.hang()


def dripping_head(call: Call) -> None:
    call.drip(OK)


def slow_reader(call: Call) -> None:
    while not call.stop.wait(0.05) and call.connection.recv(65536):
        pass


def dripping_handshake(call: Call) -> None:
    call.drip(b"\x16\x03\x03\x40\x00" + b"\0" * 16384)


BOMB = gzip.compress(b"\0" * 30_000_000)
ANSWERED: dict[str, tuple[Behaviour | bytes, int]] = {
    "10,000 headers": (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 10_000 + b"\r\n", 200),
    "a header of a megabyte": (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 1_000_000 + b"\r\n\r\n", 200),
    "10,000 headers with 500": (b"HTTP/1.1 500 X\r\n" + b"X: y\r\n" * 10_000 + b"\r\n", 500),
    "an endless body": (endless_body, 200),
    "endless chunks": (endless_chunks, 200),
    "a gzip bomb": (
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%b" % (len(BOMB), BOMB),
        200,
    ),
    "a reset in the body": (reset_in_body, 200),
    "a body cut short": (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nab", 200),
    "chunks that are none": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 200),
    "a length that is none": (b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nab", 200),
    "two lengths": (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nab", 200),
    "a boundary that breaks the parser": (
        b"HTTP/1.1 200 OK\r\nContent-Type: multipart/mixed; boundary*=idna''%80\r\n\r\n",
        200,
    ),
    "headers cut short": (b"HTTP/1.1 200 OK\r\nX", 200),
    "headers that are none": (b"HTTP/1.1 200 OK\r\n: :\r\n\x00\xff\r\n\r\n", 200),
    "a bare line feed": (b"HTTP/1.1 200 OK\n\nok", 200),
    "an old version": (b"HTTP/1.0 200 OK\r\n\r\nok", 200),
    "interim answers first": (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 X\r\nLink: y\r\n\r\n" + OK, 200),
    "another protocol": (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n", 101),
}
BROKEN: dict[str, Behaviour | bytes] = {
    "no answer": b"",
    "a reset": reset_at_once,
    "no HTTP": b"SSH-2.0-OpenSSH_9.9\r\n",
    "a status that is none": b"HTTP/1.1 abc OK\r\n\r\n",
    "a status of four digits": b"HTTP/1.1 2000 OK\r\n\r\n",
    "a version that is not ours": b"HTTP/2 200\r\n\r\n",
    "interim answers and no more": b"HTTP/1.1 100 Continue\r\n\r\n",
    "a flood of interim answers": flood_of_interim_answers,
    "a flood without a line end": flood_without_a_line_end,
}


@pytest.mark.parametrize(("behaviour", "status"), ANSWERED.values(), ids=ANSWERED)
def test_a_status_line_is_the_answer_whatever_follows(behaviour: Behaviour | bytes, status: int) -> None:
    with receiving(behaviour) as receiver:
        answer = post(receiver.url())
    assert (answer.outcome, answer.status) == ("answered", status)
    assert len(answer.body) <= 2048
    assert receiver.calls == 1


@pytest.mark.parametrize("behaviour", BROKEN.values(), ids=BROKEN)
def test_without_a_status_line_the_attempt_is_broken(behaviour: Behaviour | bytes) -> None:
    with receiving(behaviour) as receiver:
        answer = post(receiver.url())
    assert (answer.outcome, answer.status) == ("broken", None)
    assert receiver.calls == 1


@pytest.mark.parametrize("behaviour", [stalled_body, stalled_headers, dripping_body])
def test_a_status_line_at_the_deadline_counts(behaviour: Behaviour) -> None:
    with receiving(behaviour) as receiver:
        answer = post_in_time(receiver.url())
    assert (answer.outcome, answer.status) == ("answered", 200)
    assert answer.detail == "answered 200 (and broke off or stalled after the status line)"


@pytest.mark.parametrize("behaviour", [silent, dripping_head, drip_of_interim_answers])
def test_the_deadline_cuts_a_slow_receiver_off(behaviour: Behaviour) -> None:
    with receiving(behaviour) as receiver:
        answer = post_in_time(receiver.url())
    assert (answer.outcome, answer.status) == ("timeout", None)
    assert answer.detail == f"no answer within {SHORT} seconds"
    assert answer.total_us is not None
    assert answer.total_us >= SHORT * 1_000_000


def test_without_any_time_nothing_is_tried() -> None:
    with receiving() as receiver:
        answer = post(receiver.url(), client=Client(LOOPBACK, timeout=0))
    assert (answer.outcome, receiver.calls) == ("timeout", 0)


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("behaviour", [silent, slow_reader])
def test_a_receiver_that_reads_slowly_is_cut_off(behaviour: Behaviour, scheme: str, authority: trustme.CA) -> None:
    tls = server_context(authority, "127.0.0.1") if scheme == "https" else None
    with receiving(behaviour, tls=tls, reads=False) as receiver, authority.cert_pem.tempfile() as bundle:
        answer = post_in_time(receiver.url(scheme=scheme), body=b"x" * 20_000_000, ca_bundle=bundle)
    assert answer.outcome == "timeout"


def test_no_more_than_needed_is_read() -> None:
    said = 0

    def count(call: Call) -> None:
        nonlocal said
        call.connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
        call.say(b"HTTP/1.1 200 OK\r\n\r\n")
        for _ in range(1000):
            call.say(b"x" * 65536)
            said += 65536

    with receiving(count) as receiver:
        answer = post(receiver.url())
    assert (answer.body, answer.detail) == (b"x" * 2048, "answered 200")
    assert said < 20_000_000  # what the kernel's buffers hold, not 65 MB


def test_a_compressed_body_is_stored_unchanged() -> None:
    with receiving(ANSWERED["a gzip bomb"][0]) as receiver:
        assert post(receiver.url()).body == BOMB[:2048]


def test_a_chunked_body_is_stored_without_framing() -> None:
    with receiving(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n") as receiver:
        assert post(receiver.url()).body == b"abc"


def test_a_truncated_body_is_stored_in_part() -> None:
    with receiving(b"HTTP/1.1 500 X\r\nContent-Length: 10\r\n\r\nab") as receiver:
        assert post(receiver.url()).body == b"ab"


def test_a_stranger_writes_nothing_unbounded_into_our_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO), receiving(b"\x1b[31m" + b"x" * 5000 + b"\n") as receiver:
        post(receiver.url())
    (record,) = caplog.records
    assert len(record.getMessage()) < 300
    assert record.getMessage().isprintable()


@pytest.mark.parametrize("head", ["no header at all", "Content-Length: 2\r\nTransfer-Encoding: chunked"])
def test_a_malformed_header_leaves_no_trace_in_the_log(caplog: pytest.LogCaptureFixture, head: str) -> None:
    """Also where another package has set a level for all of urllib3."""
    caplog.set_level(logging.INFO)
    caplog.set_level(logging.INFO, "urllib3")
    with receiving(f"HTTP/1.1 200 OK\r\n{head}\r\n\r\n".encode()) as receiver:
        assert post(receiver.url()).status == 200
    assert caplog.records == []


def test_headers_are_not_read_without_an_end() -> None:
    with receiving(b"HTTP/1.1 200 OK\r\n" + (b"X: " + b"y" * 60_000 + b"\r\n") * 90 + b"\r\n") as receiver:
        answer = post(receiver.url())
    assert (answer.status, answer.detail) == (200, "answered 200 (and broke off or stalled after the status line)")


def test_interim_answers_are_skipped_up_to_a_limit() -> None:
    interim = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
    with receiving(interim * 40 + OK) as patient, receiving(interim * 60 + OK) as endless:
        assert post(patient.url()).status == 200
        answer = post(endless.url())
    assert (answer.outcome, answer.detail) == ("broken", "too many interim answers")


def test_a_dead_address_is_followed_by_the_next() -> None:
    names = NameServer({"two.example": ["127.0.0.2", "127.0.0.1"]})
    with receiving() as receiver:
        assert post(receiver.url("two.example"), client=Client(LOOPBACK, resolve=names)).status == 200


def test_a_silent_address_leaves_time_for_the_next() -> None:
    names = NameServer({"two.example": ["127.0.0.2", "127.0.0.1"]})
    with receiving() as receiver, swallowing("127.0.0.2", receiver.port):
        answer = post(receiver.url("two.example"), client=Client(LOOPBACK, resolve=names, timeout=1))
    assert answer.status == 200


def test_a_closed_port_is_a_failed_connection() -> None:
    with receiving() as receiver:
        url = receiver.url()
    answer = post(url)
    assert (answer.outcome, answer.detail) == ("refused", "no connection could be made (Connection refused)")


def test_a_silent_address_ends_at_the_deadline() -> None:
    with swallowing("127.0.0.1", 0) as port:
        answer = post_in_time(f"http://127.0.0.1:{port}/")
    assert (answer.outcome, answer.connect_us) == ("timeout", None)


@pytest.fixture(scope="module")
def any_answer() -> Iterator[tuple[str, list[bytes]]]:
    """A receiver that sends the items of a list, and its URL."""
    said = [b""]
    with receiving(lambda call: call.say(said[0])) as receiver:
        yield receiver.url(), said


PIECES = [
    b"HTTP/1.1 ", b"200", b" OK", b"100", b"\r\n", b"\n", b"\r\n\r\n", b"Content-Length: ", b"Content-Type: ",
    b"multipart/mixed; boundary", b"*=", b"utf-16''", b"Transfer-Encoding: chunked", b"Location: ", b"-1", b"\x00",
    b"\xff", b"Retry-After: ", b"Content-Encoding: gzip", b"Set-Cookie: ", b"5\r\n", b": ",
]  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(PIECES) | st.binary(max_size=8), max_size=24).map(b"".join))
def test_whatever_a_receiver_says_is_an_outcome(any_answer: tuple[str, list[bytes]], words: bytes) -> None:
    url, said = any_answer
    said[0] = words
    answer = post(url)
    assert answer.outcome in {"answered", "broken"}
    assert (answer.status is not None) is (answer.outcome == "answered")
    assert answer.detail.isascii()
    assert answer.detail.isprintable()


# --- TLS --------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def server_context(authority: trustme.CA, *names: str, **certificate: Any) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names, **certificate).configure_cert(context)
    return context


def post_tls(
    authority: trustme.CA, tls: ssl.SSLContext | None, behaviour: Behaviour | bytes = OK, reads: bool = True
) -> Answer:
    """Make a request to `good.example` with a client that trusts one authority."""
    names = NameServer({"good.example": ["127.0.0.1"]})
    with receiving(behaviour, tls=tls, reads=reads) as receiver, authority.cert_pem.tempfile() as bundle:
        client = Client(LOOPBACK, ca_bundle=bundle, resolve=names, timeout=patience(behaviour))
        return post(receiver.url("good.example", scheme="https"), client=client)


def test_a_trusted_receiver_is_called_by_its_name(authority: trustme.CA) -> None:
    asked: list[str] = []
    context = server_context(authority, "good.example")
    context.sni_callback = lambda _socket, name, _context: asked.append(name)
    answer = post_tls(authority, context)
    assert (answer.status, answer.body, asked) == (200, b"ok", ["good.example"])


def test_an_address_can_have_a_certificate(authority: trustme.CA) -> None:
    with receiving(tls=server_context(authority, "127.0.0.1")) as receiver, authority.cert_pem.tempfile() as bundle:
        assert post(receiver.url(scheme="https"), client=Client(LOOPBACK, ca_bundle=bundle)).status == 200


def test_a_certificate_for_another_name_is_refused(authority: trustme.CA) -> None:
    answer = post_tls(authority, server_context(authority, "other.example"))
    assert (answer.outcome, answer.connect_us) == ("tls", None)
    assert "hostname mismatch" in answer.detail


def test_a_certificate_for_the_address_is_refused(authority: trustme.CA) -> None:
    assert post_tls(authority, server_context(authority, "127.0.0.1")).outcome == "tls"


def test_an_expired_certificate_is_refused(authority: trustme.CA) -> None:
    context = server_context(authority, "good.example", not_after=datetime(2020, 1, 1, tzinfo=UTC))
    answer = post_tls(authority, context)
    assert (answer.outcome, answer.detail) == ("tls", "no trusted TLS connection (certificate has expired)")


def test_a_certificate_of_unknown_origin_is_refused(authority: trustme.CA) -> None:
    answer = post_tls(authority, server_context(trustme.CA(), "good.example"))
    assert answer.outcome == "tls"


def test_system_certificates_are_trusted_by_default(authority: trustme.CA) -> None:
    client = Client(LOOPBACK)
    assert client._context.cert_store_stats()["x509_ca"] > 50
    with receiving(tls=server_context(authority, "127.0.0.1")) as receiver:
        assert post(receiver.url(scheme="https"), client=client).outcome == "tls"


@pytest.mark.parametrize("said", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"", b"\x16\x03\x01\x00\x02\xff\xff"])
def test_a_receiver_that_speaks_no_tls_is_refused(said: bytes, authority: trustme.CA) -> None:
    answer = post_tls(authority, None, said, reads=False)
    assert (answer.outcome, answer.status) == ("tls", None)


@pytest.mark.parametrize("behaviour", [silent, dripping_handshake])
def test_a_handshake_that_takes_too_long_is_cut_off(behaviour: Behaviour, authority: trustme.CA) -> None:
    answer = post_tls(authority, None, behaviour, reads=False)
    assert (answer.outcome, answer.detail) == ("timeout", "no TLS handshake in time")


@pytest.mark.parametrize("behaviour", [silent, dripping_head])
def test_a_receiver_slow_after_handshake_is_cut_off(behaviour: Behaviour, authority: trustme.CA) -> None:
    answer = post_tls(authority, server_context(authority, "good.example"), behaviour)
    assert (answer.outcome, answer.detail) == ("timeout", f"no answer within {SHORT} seconds")


def test_a_slow_handshake_may_exceed_one_addresss_share(authority: trustme.CA) -> None:
    context = server_context(authority, "good.example")

    def late(call: Call) -> None:
        call.stop.wait(0.7)
        with context.wrap_socket(call.connection, server_side=True) as connection:
            read_request(connection)
            connection.sendall(OK)

    names = NameServer({"good.example": ["127.0.0.1"] * 3})
    with receiving(late, reads=False) as receiver, authority.cert_pem.tempfile() as bundle:
        client = Client(LOOPBACK, ca_bundle=bundle, resolve=names, timeout=1.8)
        assert post(receiver.url("good.example", scheme="https"), client=client).status == 200


@pytest.mark.parametrize(
    "target",
    [
        "/cb?x=1&a=[1]&b=x|y&c=%c3%a9",
        "/a/../b/./c//d?e=../f",
        "/%7Euser/%2e%2e/%zz?q=%",
        "/cb?redirect=http://u:p@h/?x=1",
        "/cb;v=1?a=1?b=2&&=&c",
        '/{id}/<x>/^`?"q"={}',
        "/cb?",
    ],
)
def test_the_request_line_carries_the_bytes_of_the_url(target: str) -> None:
    with receiving(OK) as receiver:
        assert post(receiver.url(path=target)).outcome == "answered"
    assert receiver.requests[0].split(b"\r\n")[0] == f"POST {target} HTTP/1.1".encode()


@pytest.mark.parametrize(("rest", "target"), [("", "/"), ("?a=[1]", "/?a=[1]"), ("/", "/")])
def test_a_url_without_a_path_asks_for_the_root(rest: str, target: str) -> None:
    with receiving(OK) as receiver:
        post(receiver.url(path=rest))
    assert receiver.requests[0].split(b"\r\n")[0] == f"POST {target} HTTP/1.1".encode()


def test_an_answer_tells_whether_something_was_sent() -> None:
    with receiving(lambda call: call.reset()) as receiver:
        assert post(receiver.url()).is_sent
        assert not post(receiver.url(scheme="https"), client=Client(LOOPBACK, timeout=SHORT)).is_sent
    assert not post(receiver.url()).is_sent
