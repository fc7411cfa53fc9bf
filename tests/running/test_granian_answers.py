"""Late answers under Granian: its own answer is held back, and everything else passes."""

from collections.abc import Callable, Iterable
from typing import Any

from shortener.running.granian_answers import wrap
from shortener.running.late_answers import LATE_ANSWER, Answer


class Protocol:
    """Notes what Granian would send."""

    def __init__(self) -> None:
        self.sent: list[object] = []

    def response_bytes(self, *answer: object) -> None:
        """Note an answer with a whole body."""
        self.sent.append(answer)

    def response_iter(self, status: int, headers: object, body: Any) -> None:
        """Note an answer whose body comes in parts."""
        self.sent.append((status, headers, b"".join(body.inner)))


def call(app: Callable[..., Iterable[bytes]]) -> tuple[Protocol, dict[str, Any]]:
    """Call an application as Granian does; return what was sent, and the environ."""
    seen, protocol = dict[str, Any](), Protocol()

    def noting(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        seen.update(environ)
        return app(environ, start_response)

    wrap(noting, {})(protocol, {"PATH_INFO": "/", "REQUEST_METHOD": "GET"})
    return protocol, seen


def test_ordinary_answers_pass_through() -> None:
    def whole(_: object, start_response: Callable[..., Any]) -> Iterable[bytes]:
        start_response("200 OK", [("a", "b")])
        return [b"c", b"d"]

    def parts(_: object, start_response: Callable[..., Any]) -> Iterable[bytes]:
        start_response("200 OK", [])
        return iter((b"e", b"f"))

    assert call(whole)[0].sent == [(200, [("a", "b")], b"cd")]
    assert call(parts)[0].sent == [(200, [], b"ef")]


def test_a_late_answer_is_sent_once() -> None:
    protocol, environ = call(lambda environ, _: environ[LATE_ANSWER])
    assert protocol.sent == []
    environ[LATE_ANSWER].send(Answer("302 FOUND", [("Location", "/")]))
    assert protocol.sent == [(302, [("Location", "/")], b"")]
