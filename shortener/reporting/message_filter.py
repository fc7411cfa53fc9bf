"""The filters of lists and exports of messages, and their checks."""

import datetime as dt
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from shortener.rules.visitors.marks import Visitor
from shortener.rules.wire import cursor
from shortener.validation.models import Parameters
from shortener.validation.types import BehindRow, Moment, ShortText

MOST = 100  # messages of a page
Place = tuple[dt.datetime, int]  # received_on and id: where a message stands in a list


def _switch(value: object) -> bool:
    if value not in ("true", "false"):
        raise ValueError("must be true or false")
    return value == "true"


def _count(value: object) -> int:
    """Accept digits only, not everything that Python parses as a number."""
    text = str(value)
    if not (text.isascii() and text.isdigit() and len(text) <= 3 and 1 <= int(text) <= MOST):
        raise ValueError(f"must be a whole number from 1 to {MOST}")
    return int(text)


class Filter(Parameters):
    """Messages that fulfil all given conditions."""

    start: Annotated[Moment | None, Field(alias="from", description="Received then or later.")] = None
    end: Annotated[Moment | None, Field(alias="to", description="Received before that.")] = None
    tag: Annotated[ShortText | None, Field(description="With this tag, whole and in its case.")] = None
    clicked: Annotated[
        Annotated[bool, BeforeValidator(_switch, json_schema_input_type=Literal["true", "false"])] | None,
        Field(description="Whether a click has counted. A message without a link is neither."),
    ] = None
    visitor: Annotated[
        Visitor | None,
        Field(description="The class of any click of the link, also of those that do not count."),
    ] = None
    client_tag: Annotated[ShortText | None, Field(description="With this client tag: one or none.")] = None
    text: Annotated[
        ShortText | None,
        Field(
            description="What the client tag or the msgid begins with, in the case in which it was stored; or the "
            "message's shortlink or slug, with the marks or the `?…` that were copied with it."
        ),
    ] = None
    limit: Annotated[
        int,
        BeforeValidator(_count, json_schema_input_type=Annotated[int, Field(ge=1, le=MOST)]),
        Field(description="So many on a page."),
    ] = MOST
    cursor: BehindRow = None

    def before(self) -> Place | None:
        """The place before which the list begins: the cursor's or the period's end, whichever is earlier."""
        places = [cursor.row(self.cursor)] if self.cursor is not None else []
        return min([*places, (self.end, 0)] if self.end is not None else places, default=None)


# Of a list; an export has no pages.
PARAMETERS = Filter.names()
FILTERS = tuple(name for name in PARAMETERS if name not in ("limit", "cursor"))
