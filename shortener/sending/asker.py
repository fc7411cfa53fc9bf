"""The threads that ask gateways what became of messages; each gateway has its own, so that none waits for another."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Final

from shortener.sending import asking
from shortener.sending.asking import Question
from shortener.sending.choice import GatewaysByName
from shortener.sending.vendor_api import VendorGateway
from shortener.storage import db
from shortener.storage.periodic import Periodic

PAUSE: Final = 1.0  # seconds between two looks
THREADS: Final = 4  # for each gateway, so that many questions can be asked of one that takes a while to answer
LONGEST_STOP: Final = 0.25  # seconds; a question that is cut off is asked again later


class Asker(Periodic):
    """Asks one gateway until stopped; `work` asks what is due."""

    thread_name, subject = "asker", "receipts"

    def __init__(
        self,
        context: Callable[[], AbstractContextManager[object]],
        gateway: VendorGateway,
        on_receipts: Callable[[], None],
    ) -> None:
        """`context` gives the thread its database; `on_receipts` is called after receipts have been stored."""
        super().__init__(context, PAUSE)
        self._gateway, self._on_receipts = gateway, on_receipts

    def stop(self, grace: float) -> None:
        """Ask nothing more; hardly waits for an answer that is on its way."""
        super().stop(min(grace, LONGEST_STOP))

    def work(self) -> None:
        """Ask about every message that is due, until the gateway does not answer."""
        while self._ask(questions := self._claim()) and len(questions) == asking.AT_ONCE:
            pass

    def _claim(self) -> list[Question]:
        with db.read() as session:
            if not asking.is_due(session, self._gateway.name, now=db.now(session)):
                return []
        with db.write() as session:
            return asking.claim(session, self._gateway.name, now=db.now(session))

    def _ask(self, questions: list[Question]) -> bool:
        """Ask; return whether the gateway answers and we are not to stop."""
        for question in questions:
            if self._stopping.is_set():
                return False
            receipts = self._gateway.ask(question.asked)
            if receipts is None:
                return False
            if receipts:
                with db.write() as session:
                    asking.take(session, question, receipts, now=db.now(session))
                self._on_receipts()
        return True


def make(
    context: Callable[[], AbstractContextManager[object]], gateways: GatewaysByName, on_receipts: Callable[[], None]
) -> list[Asker]:
    """Make the threads of the gateways that are asked."""
    asked = [one for one in gateways.values() if isinstance(one, VendorGateway) and one.is_asked]
    return [Asker(context, gateway, on_receipts) for gateway in asked for _ in range(THREADS)]
