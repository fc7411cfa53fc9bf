"""The filters of lists and exports of messages, and their checks."""

import datetime as dt
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from shortener.rules.delivery.message_state import MessageState
from shortener.rules.visitors.marks import Visitor
from shortener.rules.wire import cursor
from shortener.validation.models import Parameters
from shortener.validation.types import BehindRow, Moment, Recipient, ShortText

MOST = 100  # messages of a page
Place = tuple[dt.datetime, int]  # received_on and id: the position of a message in a list


def clicked_or_not(value: object) -> bool:
    """Accept true and false, in a URL and in JSON."""
    if not isinstance(value, bool) and value not in ("true", "false"):
        raise ValueError("must be true or false")
    return value in (True, "true")


def count(value: object) -> int:
    """Accept digits only, not everything that Python parses as a number."""
    text = str(value)
    if not (text.isascii() and text.isdigit() and len(text) <= 3 and 1 <= int(text) <= MOST):
        raise ValueError(f"must be a whole number from 1 to {MOST}")
    return int(text)


class Conditions(Parameters):
    """Messages that fulfil all given conditions."""

    start: Annotated[Moment | None, Field(alias="from", description="Received at or after this time.")] = None
    end: Annotated[Moment | None, Field(alias="to", description="Received before this time.")] = None
    tag: Annotated[ShortText | None, Field(description="Has this tag (exact match, case-sensitive).")] = None
    clicked: Annotated[
        Annotated[bool, BeforeValidator(clicked_or_not, json_schema_input_type=Literal["true", "false"])] | None,
        Field(description="Whether a click has counted. Excludes messages without a link."),
    ] = None
    visitor: Annotated[
        Visitor | None,
        Field(description="Has a click by this class of visitor, including clicks that do not count."),
    ] = None
    state: Annotated[
        MessageState | None, Field(description="Is in this state. Excludes messages that nobody sends for you.")
    ] = None
    recipient: Annotated[
        Recipient | None, Field(description="Has this recipient (exact match), or this one masked.")
    ] = None
    client_tag: Annotated[ShortText | None, Field(description="Has this client tag (exact match, case-sensitive).")] = (
        None
    )
    text: Annotated[
        ShortText | None,
        Field(
            description="Begins with this client tag or msgid (case-sensitive), or has this shortlink or slug. "
            "A msgid may have a vendor's two letters in front of it. "
            "Punctuation or a query string copied with the shortlink is ignored."
        ),
    ] = None


class Filter(Conditions):
    """Messages that fulfil all given conditions, a page of them."""

    limit: Annotated[
        int,
        BeforeValidator(count, json_schema_input_type=Annotated[int, Field(ge=1, le=MOST)]),
        Field(description="Number of messages on a page."),
    ] = MOST
    cursor: BehindRow = None

    def before(self) -> Place | None:
        """Return the position before which the list begins: the cursor or the period's end, whichever is earlier."""
        places = [cursor.row(self.cursor)] if self.cursor is not None else []
        return min([*places, (self.end, 0)] if self.end is not None else places, default=None)


# Of a list; an export has no pages.
PARAMETERS = Filter.names()
FILTERS = Conditions.names()
