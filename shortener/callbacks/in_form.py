"""Make the requests of callbacks that are sent in a vendor's form, for all of them with few queries."""

import datetime as dt
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy.orm import Session

from shortener.callbacks.forms import CallbackRequest, Form, Forms, Load, Told
from shortener.delivery.job import Claimed, Result
from shortener.rules.delivery.attempt_outcome import AttemptOutcome
from shortener.rules.delivery.face_message import FaceMessage
from shortener.rules.delivery.message_state import MessageState
from shortener.rules.delivery.reason import Reason
from shortener.storage.models import CLICK

log = logging.getLogger(__name__)
# Nothing that is to be signed is sent without a signature. This uses up an attempt, so that it is retried once there is
# a secret.
UNSIGNED: Final = Result(
    AttemptOutcome.UNSIGNED,
    "not sent: the account has no signing secret that opens; the operator can give it a new one",
)
NO_FORM: Final = Result(
    AttemptOutcome.UNSIGNED,
    "not sent: this version does not know the vendor in whose form it would be sent",
)
NO_REQUEST: Final = Result(AttemptOutcome.UNSIGNED, "not sent: it cannot be written in the vendor's form")


@dataclass(frozen=True, slots=True)
class InForm:
    """The request of an attempt in a vendor's form."""

    form: Form
    made: CallbackRequest


def requests(
    session: Session, claimed: Sequence[Claimed], forms: Forms, load: Load, secrets: Mapping[int, Sequence[str]]
) -> dict[int, InForm | Result]:
    """Return the request of each callback that is sent in a vendor's form, by job id, or why there is none.

    `secrets` are the accounts' signing secrets as text. Callbacks that are our own signed events are left out.
    """
    wanted = [one for one in claimed if _is_in_form(one, forms)]
    messages = load(session, {one.loaded.message_id for one in wanted}) if wanted else {}
    return {
        one.job_id: _request(one, forms, messages.get(one.loaded.message_id), secrets[one.account_id]) for one in wanted
    }


def _is_in_form(claimed: Claimed, forms: Forms) -> bool:
    """Whether a callback is not sent as our own event; a click only if its vendor tells of clicks."""
    face = claimed.loaded.face
    if face is None or claimed.loaded.about != CLICK:
        return face is not None
    return face in forms and forms[face].tells_clicks


def _request(claimed: Claimed, forms: Forms, message: FaceMessage | None, secrets: Sequence[str]) -> InForm | Result:
    form = forms.get(claimed.loaded.face)
    if form is None or message is None:
        return NO_FORM
    if form.is_signed and not secrets:
        return UNSIGNED
    try:
        return InForm(form, form.request(_told(claimed, message), secrets))
    except Exception:  # one callback must not keep the others from being sent
        log.exception("callback %s cannot be written in the form of %s", claimed.label, claimed.loaded.face)
        return NO_REQUEST


def _told(claimed: Claimed, message: FaceMessage) -> Told:
    """Return what a callback tells, from the event that was stored for it."""
    callback = claimed.loaded
    event: dict[str, Any] = json.loads(callback.body)
    data = event["data"]
    about_click = callback.about == CLICK
    return Told(
        event_id=callback.event_id,
        url=callback.url,
        at=dt.datetime.fromisoformat(event["timestamp"]),
        created_on=callback.created_on,
        message=message,
        state=None if about_click else MessageState(data["state"]),
        code=data.get("code") or "",
        reason=Reason(data["reason"]) if data.get("reason") else None,
        link=data.get("link"),
        shortlink=data.get("shortlink"),
    )
