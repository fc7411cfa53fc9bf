"""Store the messages of one request: one for each destination, with a link of its own."""

import datetime as dt
import logging
import secrets
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final, Literal

from shortener.errors import InvalidFieldsError
from shortener.messages.analysis import Analysis, analyze
from shortener.messages.from_face import FromFace
from shortener.messages.preprocess import Outcome
from shortener.messages.submission import Submission
from shortener.messages.within_limits import FARTHEST
from shortener.rules.delivery.face_message import FaceMessage
from shortener.rules.delivery.message_state import MessageState
from shortener.rules.wire.moments import rfc3339
from shortener.running.services import services
from shortener.vendors.infobip import statuses
from shortener.vendors.infobip.statuses import StatusDocument
from shortener.web import face_messages
from shortener.web.access import Sender

log = logging.getLogger(__name__)
NAME: Final = "infobip"
MOST: Final = 1_000  # messages in one request
FINAL: Final = frozenset(state for state in MessageState if state.is_final)
_NEWS: Final = [state for state in MessageState if state.rank > MessageState.QUEUED.rank]
# All news; those of one status are told once.
EACH: Final[Mapping[MessageState, MessageState]] = {state: state for state in _NEWS} | {
    MessageState.ACCEPTED: MessageState.BUFFERED
}
CHARACTERS: Final = string.ascii_letters + string.digits
ALL: Final = "all"  # names the list of messages of a request
FORM: Final = "form"  # names the form in which the message came: its callbacks have the same
Told = frozenset[MessageState] | Mapping[MessageState, MessageState]
Form = Literal["sms/2", "sms/3", "email/3", "email/4"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A message to one destination: `to` as the client wrote it, the fields of a submission, and what else is kept.

    `names` says where the submission's fields stand in the request, `ALL` where its messages do.
    """

    to: str
    submission: Mapping[str, Any]
    face: FromFace
    names: Mapping[str, str]

    def named(self, error: InvalidFieldsError) -> InvalidFieldsError:
        """Return the error with the vendor's paths."""
        return InvalidFieldsError({self.names.get(name, name): faults for name, faults in error.fields.items()})


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What became of a destination: the stored message, or None and why it was rejected."""

    to: str
    message_id: str | None
    status: StatusDocument
    message: FaceMessage | None = None


def from_face(form: Form, fields: Mapping[str, Any], bulk_id: str | None, told_states: Told = FINAL) -> FromFace:
    """Return what this wire format keeps of a message: the vendor's fields by its names, unless they are None."""
    kept = {name: value for name, value in fields.items() if value is not None}
    return FromFace(
        name=NAME,
        fields={FORM: form, **kept},
        bulk_id=bulk_id,
        told_states=told_states,
        pull_queue=queue(form.partition("/")[0]),
    )


def queue(channel: str) -> str:
    """Return the name of the queue of reports that both generations share."""
    return f"{NAME} {channel}"


def told_states(*, intermediate: bool | None, notify: bool | None = None) -> Told:
    """Return the states whose reports are pushed: the final ones, all with `intermediate`, none without `notify`."""
    if notify is False:
        return frozenset()
    return EACH if intermediate else FINAL


def bulk_id(given: str | None, destinations: int) -> str | None:
    """Return the id of a request: the given one, else a new one if it has several destinations.

    InvalidFieldsError if it has too many.
    """
    if destinations > MOST:
        raise InvalidFieldsError({"messages": [f"must have at most {MOST:,} destinations together"]})
    if given or destinations < 2:
        return given
    return "".join(secrets.choice(CHARACTERS) for _ in range(32))


def send_on(given: dt.datetime | None, now: dt.datetime, field: str) -> str | None:
    """Return when to send (RFC 3339), None for a time that has passed; InvalidFieldsError if it is too far away."""
    if given is None or given <= now:
        return None
    if given > now + FARTHEST:
        raise InvalidFieldsError({field: [f"must be in the next {FARTHEST.days} days"]})
    return rfc3339(given)


def send_all(account: Sender, wanted: Sequence[Wanted]) -> list[Sent]:
    """Preprocess and store all that can be; the others are rejected one by one, as the vendor does.

    InvalidFieldsError has the paths of invalid fields in the request.
    """
    analyses = _analysed(account, wanted)
    outcomes = _stored(account, analyses, wanted[0].names[ALL])
    count = len(outcomes)
    stored = face_messages.all_stored(account, analyses[:count], outcomes)
    sent = [_sent(one, outcome) for one, outcome in zip(wanted[:count], stored, strict=True)]
    return sent + [_rejected(one, statuses.SYSTEM_ERROR.document()) for one in wanted[count:]]


def _analysed(account: Sender, wanted: Sequence[Wanted]) -> list[Analysis]:
    analyses, last = list[Analysis](), None
    for one in wanted:
        try:
            submission = Submission.check(one.submission, services().policy)
            last = analyze(submission, account, services().site, face=one.face, like=last)
        except InvalidFieldsError as error:
            raise one.named(error) from None
        analyses.append(last)
    return analyses


def _stored(account: Sender, analyses: Sequence[Analysis], name: str) -> Sequence[Outcome]:
    """Store the messages, many of them in several transactions; return the outcomes of those before one that failed.

    Only if the first one fails, so does the request: a client that repeated it would send once more what was stored.
    """
    outcomes = list[Outcome]()
    try:
        for outcome in services().group_commit.outcomes(account, analyses, services().site):
            outcomes.append(outcome)
    except InvalidFieldsError as error:  # about all messages together
        raise InvalidFieldsError({name: [*chain(*error.fields.values())]}) from None
    except Exception:
        if not outcomes:
            raise
        log.exception("of %d messages of a request, only the first %d were stored", len(analyses), len(outcomes))
    return outcomes


def _sent(wanted: Wanted, outcome: FaceMessage | Exception) -> Sent:
    if isinstance(outcome, FaceMessage):
        status = statuses.ACCEPTED.document()
        return Sent(to=wanted.to, message_id=message_id(outcome), status=status, message=outcome)
    return _rejected(wanted, statuses.refused(outcome))


def _rejected(wanted: Wanted, status: StatusDocument) -> Sent:
    return Sent(to=wanted.to, message_id=wanted.submission.get("client_tag"), status=status)


def message_id(message: FaceMessage) -> str:
    """Return a message's id: the one that its sender gave, else ours."""
    return message.client_tag or message.msgid
