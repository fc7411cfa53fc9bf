"""Store what a request orders: one message for each recipient."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from shortener.accounts.random_text import random_text
from shortener.errors import IdempotencyKeyReusedError, InvalidFieldsError, ShortenerError
from shortener.messages.analysis import Analysis, analyze
from shortener.messages.from_face import FromFace
from shortener.messages.submission import Submission, digest
from shortener.rules.delivery.face_message import FaceMessage
from shortener.rules.delivery.gateway_name import GatewayName
from shortener.running.services import services
from shortener.validation.models import Faults
from shortener.vendors.sens import numbers
from shortener.vendors.sens.fields import size
from shortener.vendors.sens.refused import Refused
from shortener.web import face_messages, incoming, message_reports
from shortener.web.access import Sender

NAME: Final = "sens"
ID_LENGTH: Final = 32
KEY_SEPARATOR: Final = "\x1f"  # between an idempotency key and a message's place: no sender's key contains it
_CARRY_TALK: Final = (NAME, GatewayName.SIMULATOR)
OF_EACH: Final = {"message": "content", "recipient": "to"}  # what each recipient has, in the vendor's words


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A message to one recipient. `fields` are given back later, `extras` are for its gateway alone.

    `refusal`: why it is not taken, although the others of the request may be.
    """

    index: int  # in the request
    to: str
    country: str
    sender: str
    sender_field: str = "from"  # the vendor's name for it
    text: str
    longest: int | None = None  # bytes of the text as it is sent
    send_on: dt.datetime | None = None
    fields: Mapping[str, Any]
    extras: Mapping[str, Any]
    refusal: Refused | None = None

    def submission(self) -> Submission:
        """Return the message in our own words; InvalidFieldsError names what is wrong."""
        given = {
            "message": self.text,
            "recipient": numbers.international(self.to, self.country),
            "sender": self.sender,
            "send_on": self.send_on and self.send_on.isoformat(),
        }
        return Submission.check({name: value for name, value in given.items() if value}, services().policy)

    def face(self, request_id: str, request: bytes) -> FromFace:
        """Return what is stored besides; the number is in none of it."""
        zero = numbers.has_trunk_zero(self.to, self.country)
        fields = {**self.fields, "countryCode": self.country, "zero": zero}
        return FromFace(name=NAME, fields=fields, extras=dict(self.extras), bulk_id=request_id, request=request)

    def said(self) -> dict[str, Any]:
        """Return what the client said of it, and whether it is taken."""
        return {**asdict(self), "refusal": self.refusal is not None}

    def named(self, faults: Faults) -> Faults:
        """Return faults with the vendor's names of fields."""
        names = {name: f"messages[{self.index}].{theirs}" for name, theirs in OF_EACH.items()}
        names |= {"sender": self.sender_field, "send_on": "reserveTime"}
        return {names.get(name, name): sentences for name, sentences in faults.items()}


@dataclass(frozen=True, slots=True)
class Placed:
    """A request that was stored, as far as its messages were taken."""

    request_id: str
    received_on: dt.datetime
    each: Sequence[tuple[Order, FaceMessage | Refused]]
    errors: Sequence[ShortenerError]  # of the messages that were not stored


def place(account: Sender, orders: Sequence[Order]) -> Placed:
    """Store the messages that are not refused; the same `Idempotency-Key` returns what was stored first.

    InvalidFieldsError if any of them is invalid, or its gateway cannot send it: then none is stored. Nor is any if the
    key came with another request before: IdempotencyKeyReusedError.
    """
    request_id, request = random_text(ID_LENGTH), digest([order.said() for order in orders])
    wanted = [order for order in orders if order.refusal is None]
    outcomes = _stored(account, _analysed(account, wanted, request_id, request))
    errors = [outcome for outcome in outcomes if isinstance(outcome, ShortenerError)]
    stored = [outcome for outcome in outcomes if isinstance(outcome, FaceMessage)]
    if not stored and errors and isinstance(errors[0], InvalidFieldsError):
        raise InvalidFieldsError(wanted[0].named(errors[0].fields))
    if not stored and errors and isinstance(errors[0], IdempotencyKeyReusedError):
        raise errors[0]
    found = iter(Refused.by(one) if isinstance(one, ShortenerError) else one for one in outcomes)
    return Placed(
        request_id=stored[0].bulk_id or request_id if stored else request_id,
        received_on=stored[0].received_on if stored else message_reports.now(),
        each=[(order, order.refusal or next(found)) for order in orders],
        errors=errors,
    )


def _analysed(account: Sender, orders: Sequence[Order], request_id: str, request: bytes) -> list[Analysis]:
    analyses, faults, key = list[Analysis](), Faults(), incoming.idempotency_key()
    for place, order in enumerate(orders):
        # The first one has the key itself, so that no two requests with the key can both be stored.
        own_key = f"{key}{KEY_SEPARATOR}{place}" if key and place else key
        try:
            analyses.append(_one(account, order, order.face(request_id, request), own_key))
        except InvalidFieldsError as error:
            faults |= order.named(error.fields)
    if faults:
        raise InvalidFieldsError(faults)
    return analyses


def _one(account: Sender, order: Order, face: FromFace, key: str | None) -> Analysis:
    analysis = analyze(order.submission(), account, services().site, key, face=face)
    if analysis.refusal is not None:
        raise analysis.refusal
    if "plusFriendId" in order.extras and analysis.route and analysis.route.gateway not in _CARRY_TALK:
        sentence = f"needs the gateway {NAME}; {analysis.route.gateway} would send an SMS without buttons and picture"
        raise InvalidFieldsError({"sender": [sentence]})
    if order.longest is not None and (sent := size(face_messages.as_sent(analysis))) > order.longest:
        sentence = f"has {sent} bytes in EUC-KR as it is sent, and may have {order.longest}; choose another type"
        raise InvalidFieldsError({"message": [sentence]})
    return analysis


def _stored(account: Sender, analyses: Sequence[Analysis]) -> list[FaceMessage | ShortenerError]:
    if not analyses:
        return []
    done = services().group_commit.preprocess_all(account, analyses, services().site)
    return face_messages.all_stored(account, analyses, done)
