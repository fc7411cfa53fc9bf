"""Late answers under gunicorn: its main loop sends them, all that are ready at once."""

import datetime as dt
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Final

from shortener.running.gunicorn_connections import Connection, Socket
from shortener.running.gunicorn_lane import PATIENCE, Lane, is_click
from shortener.running.gunicorn_waits import WaitingWorker
from shortener.running.late_answers import LATE_ANSWER, Answer, LateAnswer

LATER: Final = "later"  # what handling a request returns if its answer is still to be sent


class _LaterError(BaseException):
    """Ends gunicorn's handling of a request before it sends an answer.

    No Exception: after one, gunicorn closes the connection if the main loop has sent the answer already.
    """


class GunicornAnswer(LateAnswer):
    """The answer to one request."""

    __slots__ = ("_worker", "connection", "environ", "response", "since")

    def __init__(self, worker: "AnsweringWorker", connection: Connection, response: Any, environ: Any) -> None:
        self._worker, self.connection, self.response, self.environ = worker, connection, response, environ
        self.since = dt.datetime.now()  # noqa: DTZ005 - as gunicorn measures it

    def send(self, answer: Answer) -> None:
        """Let the main loop send the answer."""
        self._worker.do_soon(partial(self._worker.send_late, self, answer))


def _has_body(environ: dict[str, Any]) -> bool:
    """Whether a body may follow the head: its thread must read it before the connection can continue."""
    return environ.get("CONTENT_LENGTH", "0") != "0" or "HTTP_TRANSFER_ENCODING" in environ


class AnsweringWorker(WaitingWorker):
    """A worker whose application may answer late."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._work: deque[Callable[[], object]] = deque()
        self._will_work = False
        self._lane: Lane | None = None

    def load_wsgi(self) -> None:
        """Load the application, and offer it late answers."""
        super().load_wsgi()
        self.application: Any = self.wsgi
        self.wsgi: Any = self._call

    def _call(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        client = environ["gunicorn.socket"]
        if not isinstance(client, Socket) or _has_body(environ):  # its bytes are encrypted, or not all are read
            called: Iterable[bytes] = self.application(environ, start_response)
            return called
        response: Any = start_response.__self__  # type: ignore[attr-defined]  # gunicorn's response
        environ[LATE_ANSWER] = late = GunicornAnswer(self, client.connection, response, environ)
        body: Iterable[bytes] = self.application(environ, start_response)
        if body is late:
            raise _LaterError
        environ.pop(LATE_ANSWER, None)  # it refers to the environ: only the garbage collector would free both
        return body

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Answer a request; return whether another may follow, or LATER."""
        try:
            return super().handle_request(req, conn)
        except _LaterError:
            return LATER

    def open_lane(self) -> None:
        """Give clicks a thread of their own; call it after the fork."""
        self._lane = Lane(self._handle_in_thread, self.log)

    def enqueue_req(self, conn: Any) -> None:
        """Let a thread handle a request."""
        if not isinstance(conn, Connection):
            super().enqueue_req(conn)
        elif self._lane and is_click(conn.received):
            self._lane.add(conn)
        else:
            self.tpool.submit(self._handle_in_thread, conn)

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Wait for events, and let other threads handle the clicks that have waited too long for theirs."""
        is_waited_for = self._lane is not None and self._lane.is_waited_for
        super().wait_for_and_dispatch_events(min(timeout, PATIENCE) if is_waited_for else timeout)
        for conn in self._lane.overdue() if self._lane else ():
            self.tpool.submit(self._handle_in_thread, conn)

    def _handle_in_thread(self, conn: Connection) -> None:
        keepalive: Any = False
        try:
            keepalive = self.handle(conn)
        finally:
            if keepalive is not LATER:
                self.do_soon(partial(self.go_on, conn, keepalive=bool(keepalive)))

    def do_soon(self, work: Callable[[], object]) -> None:
        """Let the main loop do something; call it from any thread. gunicorn's own queue would wake it for each call."""
        self._work.append(work)
        if not self._will_work:
            self._will_work = True
            self.method_queue.defer(self._do_work)

    def _do_work(self) -> None:
        self._will_work = False  # before it looks, so that nothing is forgotten that is added now
        for _ in range(len(self._work)):
            self._work.popleft()()

    def send_late(self, late: GunicornAnswer, answer: Answer) -> None:
        """Send an answer, or buffer what the client does not read at once, and continue with its connection."""
        self.go_on(late.connection, keepalive=self._send(late, answer))

    def _send(self, late: GunicornAnswer, answer: Answer) -> bool:
        """Send an answer; return whether another request may follow."""
        response, request = late.response, late.response.req
        try:
            response.start_response(answer.status, answer.headers)
            if answer.body and request.method != "HEAD":
                response.write(answer.body)
            response.close()
        except OSError:  # the client has gone
            return False
        except Exception:
            self.log.exception("Error sending an answer")
            return False
        self.log.access(response, request, late.environ, dt.datetime.now() - late.since)  # noqa: DTZ005
        return not response.should_close()

    def go_on(self, conn: Connection, *, keepalive: bool) -> None:
        """Continue with a connection whose answer was sent."""
        raise NotImplementedError
