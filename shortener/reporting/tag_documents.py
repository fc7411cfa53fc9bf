"""The documents about tags that the API returns and its description shows, and the parameters of their lists."""

import datetime as dt
import enum
from typing import Annotated

from pydantic import BeforeValidator, Field
from typing_extensions import TypedDict

from shortener.reporting.message_filter import count
from shortener.rules.delivery.message_state import MessageState
from shortener.rules.wire.documents import Moment as MomentText
from shortener.rules.wire.documents import NextPage, Url
from shortener.validation.models import Parameters
from shortener.validation.types import BehindName, Moment

MOST = 100  # tags of a page


class Order(enum.StrEnum):
    """The orders of a list of tags."""

    NEWEST = "newest"
    MESSAGES = "messages"
    CLICK_RATE = "click_rate"


class PieceWidth(enum.StrEnum):
    """The widths of the pieces of a period, in UTC."""

    DAY = "day"
    HOUR = "hour"


class Period(Parameters):
    """A period, in whole hours."""

    start: Annotated[Moment | None, Field(alias="from", description="Received at or after this time, to the hour.")] = (
        None
    )
    end: Annotated[Moment | None, Field(alias="to", description="Received before this time, to the hour.")] = None


class TagConditions(Period):
    """The tags of a period, in an order."""

    order: Annotated[Order, Field(description="By the last message, the number of messages, or the click rate.")] = (
        Order.NEWEST
    )


class TagFilter(TagConditions):
    """A page of the tags of a period."""

    limit: Annotated[
        int,
        BeforeValidator(count, json_schema_input_type=Annotated[int, Field(ge=1, le=MOST)]),
        Field(description="Number of tags on a page."),
    ] = MOST
    cursor: BehindName = None


class TagPeriod(Period):
    """The period of a tag's report, and the width of its pieces."""

    by: Annotated[PieceWidth, Field(description="The width of `pieces`.")] = PieceWidth.DAY

    def width(self) -> dt.timedelta:
        """Return the width of the pieces."""
        return dt.timedelta(days=1) if self.by is PieceWidth.DAY else dt.timedelta(hours=1)


class TagSummary(TypedDict):
    """A tag, and what became of its messages of the period."""

    tag: str
    messages: int
    with_link: int
    clicked: Annotated[int, Field(description="Messages with a click that counted, at any time.")]
    click_rate: Annotated[float | None, Field(description="Of the messages with a link; null without any.")]
    first_on: Annotated[MomentText | None, Field(description="When the first message was received.")]
    last_on: Annotated[MomentText | None, Field(description="When the last message was received.")]


class ListedTag(TagSummary):
    """A tag of a list."""

    url: Annotated[Url, Field(description="The URL of the tag's report.")]


_FROM = Annotated[MomentText, Field(description="The begin of the period, to the hour.")]
_TO = Annotated[MomentText, Field(description="The end of the period, to the hour.")]
_COUNTED = Annotated[
    MomentText | None,
    Field(description="The age of the oldest number: after very many messages in a day. Null: all are up to date."),
]
_COMPLETE = Annotated[
    bool, Field(description="False if some messages are not counted yet, or rare tags of hours with very many tags.")
]


# A field is named `from`, which Python does not allow as an attribute.
TagPage = TypedDict(
    "TagPage",
    {
        "tags": Annotated[list[ListedTag], Field(max_length=MOST)],
        "from": _FROM,
        "to": _TO,
        "counted_on": _COUNTED,
        "complete": _COMPLETE,
        "next": NextPage,
    },
)


class ListTotals(TypedDict):
    """How many messages a list has, and how many of them were clicked."""

    messages: int
    with_link: int
    clicked: Annotated[int, Field(description="Messages with a click that counted, at any time.")]
    click_rate: Annotated[float | None, Field(description="Of the messages with a link; null without any.")]
    complete: Annotated[bool, Field(description="False if there may be more.")]
    looked_at: Annotated[
        int | None, Field(description="Only so many of the newest messages of the period were counted; null: all.")
    ]
    counted_on: _COUNTED


class Piece(TypedDict):
    """An hour or a day in which something happened."""

    start: MomentText
    messages: Annotated[int, Field(description="Messages received in it.")]
    first_clicks: Annotated[int, Field(description="First clicks in it, on messages of the period.")]


class HostNumbers(TypedDict):
    """A host to which links lead."""

    host: Annotated[str, Field(description="With its port, if it has one. Empty: all others.")]
    links: int
    clicked: Annotated[int, Field(description="Links with a click that counted.")]


TagPeriodFields = TypedDict("TagPeriodFields", {"from": _FROM, "to": _TO})


class TagReport(TagSummary, TagPeriodFields):
    """What became of the messages with a tag."""

    states: Annotated[
        dict[MessageState, int], Field(description="Messages by state, without those that nobody sends for you.")
    ]
    median_seconds_to_click: Annotated[float | None, Field(description="From a message's receipt to its first click.")]
    median_is_exact: Annotated[bool, Field(description="False: it is right to 5 %.")]
    pieces: Annotated[list[Piece], Field(description="Without those in which nothing happened.")]
    hosts: Annotated[list[HostNumbers], Field(description="Those with the most links first.")]
    counted_on: _COUNTED
    complete: _COMPLETE
