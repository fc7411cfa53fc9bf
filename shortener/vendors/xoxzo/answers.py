"""The answers to Xoxzo's clients."""

import datetime as dt
from typing import Annotated, Final, Literal

from flask import Response
from pydantic import Field, RootModel
from typing_extensions import TypedDict

from shortener.reporting.documents import MessageSummary, ReportedLink
from shortener.rules import sms_parts
from shortener.rules.delivery.message_state import MessageState
from shortener.rules.wire.documents import Msgid, Url
from shortener.rules.wire.moments import rfc3339
from shortener.web import problems

Status = Literal["QUEUED", "DELIVERING", "DELIVERED", "FAIL"]
Time = Annotated[str, Field(pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}$", description="UTC.")]


class XoxzoSent(TypedDict):
    """A message that was accepted."""

    msgid: Msgid
    message: Annotated[str, Field(description="The text to send; the vendor has no such field.")]
    shortlink: Url | None


class XoxzoLink(TypedDict):
    """The link of a message."""

    link: str
    shortlink: Url
    accessed: bool
    accessed_on: Time | None


class XoxzoStatus(TypedDict):
    """The status of a message."""

    status: Annotated[Status, Field(description="`QUEUED` also if nobody sends the text for you.")]
    sender: str | None
    url: Url
    sent_time: Time
    cost: int
    msgid: Msgid
    tags: list[str]
    recipient: str | None
    parts: int
    link_tracking: XoxzoLink | None


class XoxzoRefusal(RootModel[dict[str, str | list[str]]]):
    """An error: `detail`, or with 400 a list of faults for each field."""


def status(summary: MessageSummary, base_url: str) -> XoxzoStatus:
    """Return a message's status, made from its summary in our own API."""
    tracking = summary["link_tracking"]
    return {
        "status": word(receipt["state"] if (receipt := summary["receipt"]) else None),
        "sender": summary["sender"],
        "url": f"{base_url}/sms/messages/{summary['msgid']}/",
        "sent_time": _time(summary["received_on"]),
        "cost": 0,
        "msgid": summary["msgid"],
        "tags": summary["tags"],
        "recipient": summary["recipient"],
        "parts": sms_parts.count(summary["message"]).parts,
        "link_tracking": _link(tracking) if tracking else None,
    }


def word(state: MessageState | None) -> Status:
    """Return the vendor's word for a message's state."""
    if state is None or state.rank <= MessageState.QUEUED.rank:
        return "QUEUED"
    if state is MessageState.DELIVERED:
        return "DELIVERED"
    return "FAIL" if state.is_final else "DELIVERING"


_ON_THE_WAY: Final = [state for state in MessageState if word(state) == "DELIVERING"]
# The states that are told; those on the way, which are one word, only once.
TOLD: Final = {state: state for state in MessageState if state.is_final} | dict.fromkeys(_ON_THE_WAY, MessageState.SENT)


def _link(tracking: ReportedLink) -> XoxzoLink:
    return {
        "link": tracking["link"],
        "shortlink": tracking["shortlink"],
        "accessed": tracking["accessed"],
        "accessed_on": _time(tracking["accessed_on"]) if tracking["accessed_on"] else None,
    }


def time(moment: dt.datetime) -> str:
    """Return a time in UTC as the vendor writes it: `2026-11-16 23:59:58`."""
    return _time(rfc3339(moment))


def _time(moment: str) -> str:
    return moment[:19].replace("T", " ")


def refuse(error: Exception) -> Response:
    """Answer an error: 400 with the faults by field, or its status with one sentence as `detail`."""
    problem = problems.of(error)
    if faults := problem.get("errors"):
        return problems.json_response({name: [*map(_sentence, each)] for name, each in faults.items()}, 400)
    detail = "Not found." if problem["status"] == 404 else problem["detail"]
    return problems.json_response({"detail": detail}, problem["status"])


def _sentence(fault: str) -> str:
    return f"This field {fault}." if fault.startswith(("is ", "must ")) else fault
