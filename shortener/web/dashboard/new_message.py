"""Make one message by hand: it is stored as `POST /v1/messages` stores it, and its page is shown."""

import re
from typing import Any, Final

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from shortener.accounts.random_text import random_text
from shortener.errors import (
    ClientTagTakenError,
    IdempotencyKeyReusedError,
    InvalidFieldsError,
    MessageRateError,
    MonthlyLimitError,
    QuietHoursError,
)
from shortener.messages.analysis import analyze
from shortener.messages.bulk import KEY_SEPARATOR
from shortener.messages.submission import Submission
from shortener.rules.delivery.gateway_name import NONE
from shortener.running.services import services
from shortener.validation.types import MESSAGE_LENGTH
from shortener.web.dashboard import forms, periods
from shortener.web.dashboard.access import SignedInPerson, for_owners

FIELDS: Final[tuple[str, ...]] = (
    *("message", "recipient", "sender", "lt_callbackurl", "client_tag", "tags", "detection", "gateway"),
    "send_on",
)
ONCE: Final = "once"  # the form's field that makes one form store one message
DRAFT: Final = "draft"  # the field of a form that brings a text and stores nothing
_ONCE: Final = re.compile(r"[A-Za-z0-9]{32}")


def register(blueprint: Blueprint) -> None:
    """Add the page."""
    blueprint.add_url_rule("/messages/new", view_func=new_message, methods=["GET", "POST"])


@for_owners
def new_message(current: SignedInPerson) -> ResponseReturnValue:
    """Show the form; store what it has, and show the message's page."""
    if not forms.sent():
        return _page(current, {})
    form = forms.fields()
    given = {name: form[name] for name in FIELDS if name in form}
    if "message" in given:  # browsers send line ends as CR LF; in a message they are LF
        given["message"] = given["message"].replace("\r\n", "\n")
    if DRAFT in form:
        return _page(current, given)
    once = form.get(ONCE, "")
    if not _ONCE.fullmatch(once):
        raise InvalidFieldsError({ONCE: ["is required"]})
    return _store(current, given, once)


def _store(current: SignedInPerson, given: dict[str, str], once: str) -> ResponseReturnValue:
    """Store the message unless its form has stored it before: a second click or a reload changes nothing."""
    site, key = services().site, f"form{KEY_SEPARATOR}{once}"
    try:
        submission = Submission.check(_in_utc(current, given), services().policy)
        analysis = analyze(submission, current.account, site, key)
        done = services().group_commit.preprocess(current.account, analysis, site)
    except InvalidFieldsError as error:
        return _page(current, given, once=once, faults=error.fields), 422
    except IdempotencyKeyReusedError:  # the browser went back, and the message was changed
        return _page(current, given, trouble="changed"), 422
    except ClientTagTakenError as error:
        return _page(current, given, once=once, trouble="tag", other=error.msgid), 422
    except (MonthlyLimitError, MessageRateError, QuietHoursError) as error:
        return _page(current, given, once=once, trouble=error.code, error=error), 422
    shown = "stored-before" if done.replayed else "stored"
    return redirect(url_for("dashboard.message", msgid=done.message.msgid, done=shown), 303)


def _in_utc(current: SignedInPerson, given: dict[str, str]) -> dict[str, str]:
    """Return the fields, with a typed time, which is of the page's zone, in UTC."""
    typed = periods.typed(given.get("send_on"), current.zone)
    return given | ({"send_on": typed} if typed else {})


def _page(current: SignedInPerson, given: dict[str, str], *, once: str | None = None, **found: Any) -> str:
    gateways = services().gateways
    return render_template(
        "dashboard/new_message.html",
        given=given,
        account=current.account,
        once=once or random_text(32),
        gateways=[*gateways.configured, NONE] if gateways.configured else [],
        most=MESSAGE_LENGTH,
        **found,
    )
