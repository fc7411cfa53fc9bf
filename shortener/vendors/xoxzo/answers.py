"""What is handed in and answered in Xoxzo's wire format, as its description has it."""

from typing import Annotated, Any, Final

from pydantic import Field, RootModel

from shortener.messages.submission import EXAMPLE, Submission
from shortener.web.description.documents import Document, Msgid, Url

_OURS: Final = Submission.model_json_schema()["properties"]
_RECIPIENT: Final = {
    "type": "string",
    "description": "A number in E.164, without the national 0.",
    "pattern": r"^\+[1-9]([ ().-]*[0-9]){6,14}$",
    "examples": ["+818012345678"],
}
Time = Annotated[str, Field(pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}$", description="UTC.")]


def sending(required: tuple[str, ...], fields: frozenset[str], carrier_options: frozenset[str]) -> dict[str, Any]:
    """The schema of a message that is handed in: our fields that the vendor has, and its carriers' options."""
    names = [name for name in _OURS if name in fields]
    ignored = {name: {"description": "Taken and ignored."} for name in sorted(carrier_options)}
    example = {"message": EXAMPLE["message"], "recipient": "+818012345678", "sender": "SHOP", "track_link": True}
    return {
        "title": "XoxzoMessage",
        "type": "object",
        "properties": {name: _OURS[name] for name in names} | {"recipient": _RECIPIENT} | ignored,
        "required": list(required),
        "additionalProperties": False,
        "examples": [example],
    }


class XoxzoSent(Document):
    """A message that was taken."""

    msgid: Msgid
    message: Annotated[str, Field(description="The text to send; ours, the vendor has no such field.")]
    shortlink: Url | None


class XoxzoLink(Document):
    """The link of a message."""

    link: str
    shortlink: Url
    accessed: bool
    accessed_on: Time | None


class XoxzoStatus(Document):
    """What became of a message."""

    status: Annotated[str, Field(description="Always `QUEUED`: the text is not sent.")]
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
    """What went wrong: `detail`, or with 400 a list of faults for each field."""
