"""The documents about clicks that reports return and the API description shows."""

import enum
from typing import Annotated, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from shortener.rules.visitors.device_words import DeviceClass, System
from shortener.rules.visitors.visitor import Visitor
from shortener.rules.wire.documents import Moment, NextPage


def _words(vocabulary: type[enum.StrEnum]) -> str:
    return ", ".join(f"`{word}`" for word in vocabulary)


class Click(TypedDict):
    """A click: a GET request of a live link."""

    clicked_on: Moment
    visitor: Visitor
    reason: Annotated[str, Field(description="Why the visitor has this class, such as `browser` or `token:googlebot`.")]
    system: Annotated[
        str | None,
        Field(description=f"The system of a person's device: {_words(System)}. Null if it is not stored."),
    ]
    app: Annotated[
        str | None,
        Field(
            description="The browser, or the app with a browser built in, such as `safari`, `chrome` or `line`; "
            "`other` if it has no word here. Versions add words. Null if it is not stored."
        ),
    ]
    device: Annotated[
        str | None,
        Field(description=f"The class of the device: {_words(DeviceClass)}. Null if it is not stored."),
    ]
    network: NotRequired[
        Annotated[str, Field(description="The visitor's network, if the operator has chosen to store it.")]
    ]


class VisitorCounts(TypedDict):
    """The number of clicks by each class of visitor."""

    person: int
    unknown: int
    preview: int
    bot: int
    scanner: int


class VisitorMeanings(TypedDict):
    """The meaning of each visitor class."""

    person: str
    unknown: str
    preview: str
    bot: str
    scanner: str


class Clicks(TypedDict):
    """All clicks on the links of a message, including those that do not count."""

    counts: VisitorCounts
    total: int
    meanings: VisitorMeanings
    first_of_any_kind: Click | None
    newest: Annotated[list[Click], Field(max_length=100)]
    next: NextPage
