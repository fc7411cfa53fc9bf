"""Answers that are sent after the application has returned: the redirect of a click, once the click is committed.

A server that can do this puts a `LateAnswer` into the WSGI environ of a request. The application may return it in place
of a body, without calling `start_response`. Then it calls `send` once, from any thread. So no thread waits meanwhile.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

LATE_ANSWER: Final = "shortener.late_answer"


@dataclass(frozen=True, slots=True)
class Answer:
    """A response: status such as `302 FOUND`, headers, body."""

    status: str
    headers: list[tuple[str, str]]
    body: bytes = b""


class LateAnswer(ABC):
    """What the application returns instead of a body when it will send the answer later."""

    __slots__ = ()

    @abstractmethod
    def send(self, answer: Answer) -> None:
        """Send the answer; call it once, from any thread. It does not wait for the client, and raises nothing."""

    def __iter__(self) -> Iterator[bytes]:
        return iter(())
