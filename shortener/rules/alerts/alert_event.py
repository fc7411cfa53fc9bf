"""The signed event that tells a program about an incident."""

import json
from typing import Annotated, Final, Literal

from pydantic import Field
from typing_extensions import TypedDict

from shortener.rules.alerts.incident_kind import IncidentKind
from shortener.rules.wire.documents import Moment, Url

ALERT: Final = "alert"


class AlertData(TypedDict):
    """What has happened, or is over. No recipient, text or URL of a message is in it."""

    incident: Annotated[str, Field(description="The same in the event that says that it is over.")]
    kind: IncidentKind
    state: Annotated[Literal["open", "over"], Field(description="Whether it has begun or has ended.")]
    account: Annotated[str | None, Field(description="The account's name; null if it is about the installation.")]
    subject: Annotated[
        str | None, Field(description="The receiver as `scheme://host:port`, the node, or the month; by the kind.")
    ]
    since: Moment
    until: Moment | None
    count: Annotated[int, Field(description="How many callbacks, clicks or messages when the event was made.")]
    sentence: Annotated[str, Field(description="What happened, in English.")]
    page: Annotated[Url, Field(description="The page of the dashboard that shows it.")]


class AlertEvent(TypedDict):
    """The signed document that tells about an incident."""

    type: Literal["alert"]
    timestamp: Moment
    data: AlertData


def build(timestamp: str, data: AlertData) -> bytes:
    """Serialise an event once: every attempt signs and sends these bytes."""
    document: AlertEvent = {"type": "alert", "timestamp": timestamp, "data": data}
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
