"""Late answers under Granian, whose own WSGI layer answers when the application returns.

Granian gives each call an object that sends the answer, also after the call has returned.
"""

from collections.abc import Callable
from typing import Any

from granian import wsgi

from shortener.running.late_answers import LATE_ANSWER, Answer, LateAnswer


class GranianAnswer(LateAnswer):
    """Stands between Granian's WSGI layer and the object that sends the answer of one request."""

    __slots__ = ("_protocol", "response_bytes")

    def __init__(self, protocol: Any) -> None:
        self._protocol = protocol
        self.response_bytes = protocol.response_bytes  # Granian calls it for a body that is a list

    def response_iter(self, status: int, headers: list[tuple[str, str]], body: Any) -> None:
        """Send another kind of body, unless it is this object: then `send` follows."""
        if body.inner is not self:
            self._protocol.response_iter(status, headers, body)

    def send(self, answer: Answer) -> None:
        """Send the answer."""
        self.response_bytes(int(answer.status[:3]), answer.headers, answer.body)


def wrap(app: Callable[..., Any], scope_options: dict[str, Any], access_log: str | None = None) -> Callable[..., Any]:
    """Return what Granian calls for each request, in place of its own function."""
    handle = wsgi._callback_wrapper(app, scope_options, access_log)

    def with_late_answer(protocol: Any, scope: dict[str, Any]) -> Any:
        scope[LATE_ANSWER] = late = GranianAnswer(protocol)
        return handle(late, scope)

    return with_late_answer
