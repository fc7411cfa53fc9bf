"""The threads that ask gateways what became of messages; each gateway has its own, so that none waits for another."""

import logging
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Final

from shortener.receipts.incoming import IncomingReceipt
from shortener.sending import asking
from shortener.sending.asking import Question
from shortener.sending.choice import GatewaysByName
from shortener.sending.vendor_api import VendorGateway
from shortener.storage import db, outages
from shortener.storage.periodic import Periodic

PAUSE: Final = 1.0  # seconds between two looks
THREADS: Final = 4  # for each gateway, so that many questions can be asked of one that takes a while to answer
LONGEST_STOP: Final = 0.25  # seconds; a question that is cut off is asked again later

log = logging.getLogger(__name__)


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
        """Ask; return whether the gateway answers and we are not to stop. What is not asked is asked soon."""
        left, answers = deque(questions), True
        while left and answers and not self._stopping.is_set():
            answers = self._ask_one(left.popleft())
        if left:
            with db.write() as session:
                asking.give_back(session, left, now=db.now(session))
        return answers and not left

    def _ask_one(self, question: Question) -> bool:
        """Ask about one message; return whether the gateway answers."""
        receipts = self._gateway.ask(question.asked)
        if receipts:
            self._take(question, receipts)
        return receipts is not None

    def _take(self, question: Question, receipts: Sequence[IncomingReceipt]) -> None:
        """Store what was answered. An answer that cannot be stored must not keep us from asking about others."""
        try:
            with db.write() as session:
                asking.take(session, question, receipts, now=db.now(session))
        except Exception as error:
            if outages.is_outage(error):
                raise
            msgid, kind = question.asked.msgid, type(error).__name__  # the error's text may have a number
            log.error("%s: the receipts of message %s cannot be stored: %s", self._gateway.name, msgid, kind)
        else:
            self._on_receipts()


def make(
    context: Callable[[], AbstractContextManager[object]], gateways: GatewaysByName, on_receipts: Callable[[], None]
) -> list[Asker]:
    """Make the threads of the gateways that are asked."""
    asked = [one for one in gateways.values() if isinstance(one, VendorGateway) and one.is_asked]
    return [Asker(context, gateway, on_receipts) for gateway in asked for _ in range(THREADS)]
