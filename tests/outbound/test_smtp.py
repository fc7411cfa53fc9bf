"""Hand-overs to relays on loopback, some of which misbehave."""

import ssl
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import trustme

from shortener.outbound.mail import Mail
from shortener.outbound.smtp import Relay, Reply
from shortener.rules.delivery.server_address import SMTP_PORTS, parse
from tests.support.callback_urls import NameServer
from tests.support.servers import SHORT, Call, patience, receiving, swallowing
from tests.support.smtp import Said, mailbox, relay

MAIL = Mail("bounces@acme.example", "anna@example.com", [b"Subject: Hello\r\n\r\nHello\r\n"], "Zq3")
SIGNED_IN = "shop:hunter2@"


@contextmanager
def client(url: str, **given: Any) -> Iterator[Relay]:
    made = Relay(parse(url, SMTP_PORTS), "links.example", **given)
    try:
        yield made
    finally:
        made.close_idle()


def handed(mail: Mail = MAIL, **said: Said) -> Reply:
    """The reply of a relay with this script."""
    timeout = patience(*said.values())
    with relay(**said) as server, client(server.url(scheme="smtp", path=""), timeout=timeout) as made:
        return made.hand_over(mail)


def test_a_mail_arrives_as_it_is() -> None:
    content = b"Subject: Hello\r\n\r\n.\r\n..\r\n.dot\r\nbare\nline\rends\r\n"
    with mailbox() as box, client(box.url()) as made:
        reply = made.hand_over(Mail("bounces@acme.example", "anna@example.com", [content], "Zq3"))
    assert (reply.status, reply.is_sent, reply.words) == (250, True, b"2.0.0 Ok: queued as 4F3B2A1")
    assert box.kept[0].content == content.replace(b"bare\nline\rends", b"bare\r\nline\r\nends")
    assert (box.kept[0].sender, box.kept[0].recipients) == ("bounces@acme.example", ["anna@example.com"])


def test_a_connection_is_kept() -> None:
    with mailbox() as box, client(box.url()) as made:
        assert [made.hand_over(MAIL).status for _ in range(3)] == [250, 250, 250]
    assert (len(box.kept), box.connections) == (3, 1)


def test_a_refused_mail_does_not_cost_the_connection() -> None:
    with mailbox(refused={"anna@example.com": "550 5.1.1 no such user"}) as box, client(box.url()) as made:
        refused, taken = made.hand_over(MAIL), made.hand_over(Mail("b@acme.example", "ben@example.com", [b"x"], "Zq3"))
    assert (refused.status, refused.is_about_mail, refused.is_sent) == (550, True, False)
    assert (taken.status, box.connections) == (250, 1)


def test_a_dead_connection_is_replaced() -> None:
    """The relay closes each connection after its first mail."""
    with relay(RSET=None) as server, client(server.url(scheme="smtp", path="")) as made:
        assert [made.hand_over(MAIL).status for _ in range(2)] == [250, 250]
    assert server.calls == 2


def test_a_connection_is_not_kept_for_long() -> None:
    with mailbox() as box, client(box.url(), longest_idle=0) as made:
        assert [made.hand_over(MAIL).status for _ in range(3)] == [250, 250, 250]
    assert box.connections == 3


def test_idle_connections_are_ended() -> None:
    with mailbox() as box, client(box.url()) as made:
        made.hand_over(MAIL)
        made.close_idle(longest=60)
        made.hand_over(MAIL)
        assert box.connections == 1
        made.close_idle()
        made.hand_over(MAIL)
        assert box.connections == 2


def test_the_time_before_a_hand_over_counts() -> None:
    with mailbox() as box, client(box.url(), timeout=60) as made:
        reply = made.hand_over(MAIL, begun=time.monotonic() - 60)
    assert (reply.status, reply.is_sent, box.kept) == (None, False, [])


def test_threads_do_not_share_a_connection() -> None:
    with mailbox() as box, client(box.url()) as made, ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda _: made.hand_over(MAIL).status, range(40)))
    assert replies == [250] * 40
    assert len(box.kept) == 40 and 1 <= box.connections <= 8


def test_notifications_are_asked_for_where_offered() -> None:
    commands: list[bytes] = []
    ok = b"250 Ok\r\n"
    answers = {b"ehlo": b"250-relay.test\r\n250-SIZE 1000\r\n250 DSN\r\n", b"mail": ok, b"rcpt": ok}

    def listen(call: Call) -> None:
        call.say(b"220 relay.test\r\n")
        for line in call.connection.makefile("rb"):
            commands.append(line)
            call.say(answers.get(line[:4].lower(), b"550 no\r\n"))

    with receiving(listen, reads=False) as server, client(server.url(scheme="smtp", path="")) as made:
        made.hand_over(MAIL)
    assert (
        commands[:2]
        == [
            b"ehlo links.example\r\n",
            b"MAIL FROM:<bounces@acme.example> SIZE=25 RET=HDRS ENVID=Zq3\r\n",
        ]
        or commands[:2][1] == b"MAIL FROM:<bounces@acme.example> SIZE=25 RET=HDRS ENVID=Zq3\r\n"
    )


def test_an_old_relay_is_greeted_with_helo() -> None:
    reply = handed(EHLO=b"502 what?\r\n", HELO=b"250 relay.test\r\n")
    assert reply.status == 250


@pytest.mark.parametrize(
    ("mail", "offered"),
    [(Mail("b@acme.example", "jörg@example.com", [b"x"], "Zq3"), True), (MAIL, False)],
)
def test_utf8_is_used_only_where_needed(mail: Mail, offered: bool) -> None:
    with mailbox() as box, client(box.url()) as made:
        assert made.hand_over(mail).status == 250
    assert ("SMTPUTF8" in box.kept[0].mail_options) is offered
    assert box.kept[0].recipients == [mail.recipient]


def test_an_old_relay_cannot_take_such_addresses() -> None:
    reply = handed(Mail("b@acme.example", "jörg@example.com", [b"x"], "Zq3"))
    assert (reply.status, reply.is_about_mail) == (553, True)


def test_a_password_signs_in_on_this_machine() -> None:
    with mailbox() as box, client(box.url(SIGNED_IN)) as made:
        assert made.hand_over(MAIL).status == 250
    assert box.signed_in


def test_a_wrong_password_is_not_about_the_mail() -> None:
    with mailbox() as box, client(box.url("shop:wrong@")) as made:
        reply = made.hand_over(MAIL)
    assert (reply.status, reply.is_about_mail, reply.is_sent) == (535, False, False)


def test_a_relay_without_sign_in_gets_no_mail() -> None:
    with relay() as server, client(f"smtp://{SIGNED_IN}127.0.0.1:{server.port}") as made:
        reply = made.hand_over(MAIL)
    assert (reply.status, reply.detail) == (None, "the relay offers no way to sign in")


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def bundle(authority: trustme.CA, tmp_path: Path) -> str:
    path = tmp_path / "authorities.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


def certified(authority: trustme.CA, host: str) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(host).configure_cert(context)
    return context


NAMES = NameServer({"relay.example": ["127.0.0.1"]})


@pytest.mark.parametrize("kind", ["tls", "starttls"])
def test_a_password_goes_to_a_trusted_relay(authority: trustme.CA, bundle: str, kind: str) -> None:
    scheme = "smtps" if kind == "tls" else "smtp"
    with mailbox(**{kind: certified(authority, "relay.example")}) as box:
        url = box.url(SIGNED_IN, scheme, "relay.example")
        with client(url, resolve=NAMES, ca_bundle=bundle) as made:
            assert made.hand_over(MAIL).status == 250
    assert box.signed_in


@pytest.mark.parametrize("kind", ["tls", "starttls"])
def test_a_password_does_not_go_to_another(authority: trustme.CA, bundle: str, kind: str) -> None:
    scheme = "smtps" if kind == "tls" else "smtp"
    with mailbox(**{kind: certified(authority, "other.example")}) as box:
        url = box.url(SIGNED_IN, scheme, "relay.example")
        with client(url, resolve=NAMES, ca_bundle=bundle) as made:
            reply = made.hand_over(MAIL)
    assert reply.status is None and not reply.is_sent
    assert reply.detail.startswith("no trusted TLS connection (")
    assert box.kept == []


def test_a_password_is_not_sent_unencrypted() -> None:
    with mailbox() as box, client(box.url(SIGNED_IN, host="relay.example"), resolve=NAMES) as made:
        reply = made.hand_over(MAIL)
    assert reply.detail == "the relay offers no TLS, and the password is not sent without it"
    assert box.kept == []


def test_without_a_password_any_certificate_encrypts(authority: trustme.CA) -> None:
    with mailbox(starttls=certified(authority, "other.example")) as box, ExitStack() as stack:
        made = stack.enter_context(client(box.url(host="relay.example"), resolve=NAMES))
        assert made.hand_over(MAIL).status == 250


@pytest.mark.parametrize(
    ("said", "status", "is_about_mail"),
    [
        ({"hello": b"421 4.3.2 closing\r\n"}, 421, False),
        ({"hello": b"554 5.7.1 go away\r\n"}, 554, False),
        ({"MAIL": b"451 4.3.0 later\r\n"}, 451, True),
        ({"MAIL": b"552 5.3.4 too big\r\n"}, 552, True),
        ({"RCPT": b"450 4.2.0 greylisted\r\n"}, 450, True),
        ({"RCPT": b"550 5.1.1 no such user\r\n"}, 550, True),
        ({"DATA": b"554 5.7.1 no\r\n"}, 554, True),
        ({"RCPT": b"250-one\r\n250 two\r\n", "end": b"554-5.7.1 spam\r\n554 5.7.1 really\r\n"}, 554, True),
        ({"end": b"452 4.3.1 disk full\r\n"}, 452, True),
    ],
)
def test_an_answer_ends_a_hand_over(said: dict[str, Said], status: int, is_about_mail: bool) -> None:
    reply = handed(**said)
    assert (reply.status, reply.is_about_mail, reply.is_sent) == (status, is_about_mail, "end" in said)


def hang(call: Call) -> None:
    call.hang()


def drip(call: Call) -> None:
    call.drip(b"250-" + b"x" * 500)


def reset(call: Call) -> None:
    call.reset()
    call.connection.close()


def flood(call: Call) -> None:
    call.repeat(b"250-more\r\n" * 100)


@pytest.mark.parametrize(
    "bad", [None, hang, drip, reset, flood, b"SSH-2.0-OpenSSH_9.2\r\n", b"\xff\0\r\n", b"2" * 9000]
)
@pytest.mark.parametrize("step", ["hello", "EHLO", "MAIL", "RCPT", "DATA", "end"])
def test_only_the_end_of_a_mail_leaves_doubt(step: str, bad: Said) -> None:
    start = time.monotonic()
    reply = handed(**{step: bad})
    assert (reply.status is None or step == "EHLO", reply.is_sent) == (True, step == "end")
    assert time.monotonic() - start < SHORT + 10


def test_a_slow_reader_ends_at_the_deadline() -> None:
    """It takes the command DATA, and then reads nothing more."""
    large = Mail("b@acme.example", "anna@example.com", [b"x" * 64 * 1024 * 1024], "Zq3")

    def stop_reading(call: Call) -> None:
        call.say(b"354 go ahead\r\n")
        call.hang()

    reply = handed(large, DATA=stop_reading)
    assert (reply.status, reply.is_sent) == (None, False)
    assert reply.detail == f"no answer of the relay within {SHORT:g} seconds"


def test_a_stopped_relay_gets_nothing() -> None:
    with receiving() as server:
        url = server.url(scheme="smtp", path="")
    with client(url) as made:
        reply = made.hand_over(MAIL)
    assert (reply.status, reply.is_sent) == (None, False)
    assert reply.detail.startswith("no connection could be made")


def test_a_relay_that_drops_packets_gets_nothing() -> None:
    with swallowing("127.0.0.1", 0) as port, client(f"smtp://127.0.0.1:{port}", timeout=SHORT) as made:
        assert made.hand_over(MAIL).detail == "no connection in time"


def test_no_command_can_be_smuggled_in() -> None:
    with mailbox() as box, client(box.url()) as made:
        reply = made.hand_over(Mail("b@acme.example>\r\nRCPT TO:<eve@example.com", "anna@example.com", [b"x"], "Zq3"))
    assert reply.status is None and box.kept == []


def test_a_reply_names_no_password() -> None:
    with mailbox() as box, client(box.url("shop:wrong@")) as made:
        assert "wrong" not in repr(made.hand_over(MAIL)) + repr(made)
