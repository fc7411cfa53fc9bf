"""A vendor's HTTP API as a gateway: its folder says what is sent and what an answer means, and this module does it.

Nothing of it raises, whatever the vendor's server or the vendor's folder does.
"""

import datetime as dt
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from shortener.outbound.client import Answer, Client
from shortener.receipts.fields import storable
from shortener.receipts.incoming import RAW_BYTES, IncomingReceipt
from shortener.rules.delivery.gateway_rules import Channel
from shortener.rules.delivery.reason import Reason
from shortener.rules.delivery.receiver import Policy
from shortener.rules.delivery.server_address import ServerAddress
from shortener.sending import answers
from shortener.sending.gateway import HandOver, NotNow, Outgoing, Refused, Taken
from shortener.sending.large import FewLarge

TIMEOUT: Final = 15.0  # seconds within which a hand-over ends
MAIL_TIMEOUT: Final = 60.0  # where a message may have 20 MiB of attachments
ASK_WITHIN: Final = 5.0  # seconds within which a question about a message ends
ASK_AFTER: Final = 5.0  # seconds after a hand-over until the first question
KEEP: Final = 100_000  # bytes of an answer that are read: some repeat the whole message
# 402 is about the operator's contract. 403 is a wrong password for some vendors, and a refused sender for others: those
# read it themselves. 409 says that it would be taken at another time, as another installation does in its quiet hours.
OUR_FAULT: Final = answers.OUR_FAULT | {402, 403, 409}

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request to a vendor's API; where the vendor wants a token in the query, `url` has it, so it is not shown."""

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A message that its vendor took, or may have taken, and about which it is asked."""

    msgid: str
    reference: str  # the vendor's own id of it; empty if it gave none, or we did not get it
    recipient: str | None = field(repr=False)
    sent_on: dt.datetime  # when it was taken, or when the doubt began
    in_doubt: bool = False  # it may not have been taken, so that the vendor knows it at all is a receipt


def needs_credentials(address: ServerAddress) -> str | None:
    """Say that an address has no user or no password, which almost every vendor needs."""
    return None if address.user and address.password else "needs a user and a password, as https://user:password@host"


@dataclass(frozen=True, slots=True, kw_only=True)
class VendorApi:
    """What a vendor's folder says about its API; pure functions, with the address that the operator set.

    `call` makes the request for a message; a ValueError says in a sentence why the vendor cannot be given it. `read`
    says what an answer (its status and the beginning of its body) means; None: its status alone decides. `ask` and
    `answered` are for vendors that cannot be given a URL for the receipts of a message: the request that asks about
    one, and the receipts in its answer. `asks_by_msgid`: `ask` needs no reference, so a message can be asked about that
    the vendor may have taken. `longest_receipt_url` says how many characters of such a URL the vendor takes.
    `fault` says what the operator's address lacks, as the end of a sentence that repeats nothing of it.
    """

    channels: frozenset[Channel]
    call: Callable[[ServerAddress, Outgoing], Call]
    read: Callable[[int, bytes], HandOver | None]
    ask: Callable[[ServerAddress, Asked], Call] | None = None
    answered: Callable[[int, bytes, Asked], Sequence[IncomingReceipt]] | None = None
    asks_by_msgid: bool = False
    longest_receipt_url: int | None = None
    fault: Callable[[ServerAddress], str | None] = needs_credentials


class VendorGateway:
    """The gateway that a vendor's API is."""

    def __init__(self, name: str, api: VendorApi, address: ServerAddress, *, timeout: float | None = None) -> None:
        self.name, self._api, self._address = name, api, address
        self.timeout = timeout or (MAIL_TIMEOUT if Channel.EMAIL in api.channels else TIMEOUT)
        self._large = FewLarge()
        # The operator chose this server, so it may be at any address.
        policy = Policy(allow_hosts=(address.host,))
        self._client = Client(policy, timeout=self.timeout, keep=KEEP)
        self._asking_client = Client(policy, timeout=min(self.timeout, ASK_WITHIN), keep=KEEP)

    @property
    def is_asked(self) -> bool:
        """Whether the vendor is asked what became of messages."""
        return self._api.ask is not None and self._api.answered is not None

    @property
    def is_asked_by_msgid(self) -> bool:
        """Whether the vendor can be asked about a message that it may have taken."""
        return self.is_asked and self._api.asks_by_msgid

    def hand_over(self, outgoing: Outgoing) -> HandOver:
        """Hand over a message once. A large one first waits until only a few others are in memory."""
        return self._large.hand_over(outgoing, self.timeout, self._hand_over)

    def _hand_over(self, outgoing: Outgoing, begun: float) -> HandOver:
        try:
            call = self._api.call(self._address, outgoing)
        except ValueError as fault:
            return Refused(sentence=self._sentence(str(fault), outgoing), reason=Reason.BAD_MESSAGE)
        except Exception:
            log.exception("%s: the request for message %s cannot be made", self.name, outgoing.msgid)
            return NotNow(sentence="not handed over: the request cannot be made; the log says why")
        answer = self._request(self._client, call, outgoing.msgid, begun)
        if answer is None:
            return NotNow(sentence="not handed over: the request cannot be written; the log says why")
        return self._judge(answer, outgoing)

    def ask(self, asked: Asked) -> Sequence[IncomingReceipt] | None:
        """Ask what became of a message; None if the vendor does not answer just now."""
        if self._api.ask is None or self._api.answered is None:
            return ()
        try:
            answer = self._request(self._asking_client, self._api.ask(self._address, asked), asked.msgid)
            if answer is None or answer.status is None or answer.status == 429 or answer.status >= 500:
                return None
            return [_storable(one) for one in self._api.answered(answer.status, answer.body, asked)]
        except Exception as error:  # one odd answer must not keep us from asking about other messages
            log.warning("%s: no receipt can be read about message %s: %s", self.name, asked.msgid, type(error).__name__)
            return ()

    def close_idle(self, longest: float) -> None:
        """Do nothing: no connection is kept."""

    def _request(self, client: Client, call: Call, msgid: str, begun: float | None = None) -> Answer | None:
        """Make the request; None if it cannot be written, and so nothing of it was."""
        try:
            return client.request(call.method, call.url, call.headers, call.body, begun=begun)
        except Exception as error:  # what cannot be a header may be a number, so it is not logged
            log.error("%s: the request for message %s cannot be written: %s", self.name, msgid, type(error).__name__)
            return None

    def _judge(self, answer: Answer, outgoing: Outgoing) -> HandOver:
        """What an answer means: as the vendor's folder reads it, else by its status."""
        read = self._read(answer, outgoing.msgid)
        shown = replace(answer, body=self._plain(answer.body))
        if read is None:
            return answers.by_status(shown, self.name, outgoing.recipient, OUR_FAULT)
        told = answers.seen(shown, self.name, outgoing.recipient)
        if isinstance(read, Taken):  # nobody needs its answer, and many vendors repeat the text in it
            told |= {"sentence": f"{self.name} answered {answer.status}", "answer": None}
        if read.sentence:
            told["sentence"] = self._sentence(read.sentence, outgoing)
        found = replace(read, **told)
        if isinstance(found, Taken):
            ask_after = ASK_AFTER if self.is_asked else None
            return replace(found, reference=storable(found.reference), ask_after=ask_after)
        return replace(found, code=storable(found.code)) if isinstance(found, Refused) else found

    def _read(self, answer: Answer, msgid: str) -> HandOver | None:
        if answer.status is None:
            return None
        try:
            return self._api.read(answer.status, answer.body)
        except Exception as error:  # then its status decides, which for 2xx leaves us unsure
            log.warning("%s: the answer to message %s cannot be read: %s", self.name, msgid, type(error).__name__)
            return None

    def _sentence(self, text: str, outgoing: Outgoing) -> str:
        """A sentence without password and recipient."""
        return answers.words(answers.hidden(self._plain(text.encode("utf-8", "replace")), outgoing.recipient))

    def _plain(self, text: bytes) -> bytes:
        """A text without the password."""
        password = self._address.password.encode()
        return text.replace(password, b"...") if password else text


def _storable(receipt: IncomingReceipt) -> IncomingReceipt:
    """A receipt whose texts can be stored, whatever the vendor wrote."""
    return replace(
        receipt,
        gateway_ref=storable(receipt.gateway_ref),
        references=tuple(map(storable, receipt.references)),
        code=storable(receipt.code),
        raw=receipt.raw and storable(receipt.raw, longest=RAW_BYTES),
    )
