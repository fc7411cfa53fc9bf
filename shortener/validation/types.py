"""The types of fields: each checks its value; a ValueError says what is wrong with it."""

import datetime as dt
import json
from collections.abc import Callable
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo

from shortener.errors import InvalidFieldsError
from shortener.rules.delivery import receiver
from shortener.rules.mail import header_text
from shortener.rules.wire import cursor
from shortener.rules.wire.strict_json import nests_deeper

MESSAGE_LENGTH = 10_000
MOST_TAGS = 100
METADATA_BYTES = 4096
METADATA_DEPTH = 32  # far more than anybody uses, far less than JSON libraries accept
URL_LENGTH = 2048
HTML_LENGTH = 1_000_000
SUBJECT_LENGTH = 1_000
LONGEST_VALIDITY = 2_592_000  # seconds: 30 days


def storable(value: str) -> str:
    """Refuse NUL, which PostgreSQL refuses and SQLite stores; lone surrogates are refused before this."""
    if "\0" in value:
        raise ValueError("must not contain the character NUL")
    return value


def _switch(value: object) -> object:
    """Accept true and false as JSON values and as texts, and null."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in {"true", "false"}:
        return value.lower() == "true"
    raise ValueError("must be true or false")


def no_switch(value: object) -> object:
    """Refuse true and false, which count as 1 and 0 in Python."""
    if isinstance(value, bool):
        raise ValueError("must be a whole number")
    return value


def _tag_list(value: object) -> object:
    """Split `a,b` into `["a", "b"]`."""
    if isinstance(value, str):
        return [tag.strip() for tag in value.split(",") if tag.strip()]
    return value


def _document(value: object) -> object:
    """Accept an object, or an object as JSON text from a form; check its size, depth and texts."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise ValueError("must be a JSON object") from None
    if value is None:
        return None
    if not isinstance(value, dict):
        raise ValueError("must be a JSON object")
    if nests_deeper(value, METADATA_DEPTH):
        raise ValueError(f"must be nested at most {METADATA_DEPTH} levels deep")
    try:
        size = len(json.dumps(value, ensure_ascii=False, allow_nan=False).encode())
    except ValueError:  # a lone surrogate, an infinite number
        raise ValueError("must be an object of JSON values in valid Unicode") from None
    if size > METADATA_BYTES:
        raise ValueError(f"must be at most {METADATA_BYTES} bytes of JSON")
    if "\0" in "".join(_texts(value)):
        raise ValueError("must not contain the character NUL")
    return value


def _texts(value: object) -> list[str]:
    """Return every text in a JSON value, including keys."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for pair in value.items() for part in pair for text in _texts(part)]
    if isinstance(value, list):
        return [text for part in value for text in _texts(part)]
    return []


_NO_POLICY: Final = receiver.Policy()


def _callback_url(value: str, info: ValidationInfo) -> str:
    policy: receiver.Policy = (info.context or {}).get("policy", _NO_POLICY)
    if fault := receiver.check(value, policy):
        raise ValueError(fault)
    return value


ShortText = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(storable)]
CallbackUrl = Annotated[
    str,
    Field(max_length=URL_LENGTH, json_schema_extra={"format": "uri"}),
    AfterValidator(storable),
    AfterValidator(_callback_url),
]
Switch = Annotated[bool | None, BeforeValidator(_switch, json_schema_input_type=bool | Literal["true", "false"] | None)]
Tags = Annotated[
    list[ShortText] | None,
    Field(max_length=MOST_TAGS),
    BeforeValidator(
        _tag_list, json_schema_input_type=Annotated[list[ShortText], Field(max_length=MOST_TAGS)] | str | None
    ),
]
Metadata = Annotated[
    dict[str, Any] | None, BeforeValidator(_document, json_schema_input_type=dict[str, Any] | str | None)
]
Recipient = Annotated[str, Field(min_length=1, max_length=320), AfterValidator(storable)]
Text = Annotated[str, Field(min_length=1, max_length=MESSAGE_LENGTH), AfterValidator(storable)]
Html = Annotated[str, Field(min_length=1, max_length=HTML_LENGTH), AfterValidator(storable)]
Subject = Annotated[str, Field(min_length=1, max_length=SUBJECT_LENGTH), AfterValidator(header_text.one_line)]
_Seconds = Annotated[int, Field(ge=1, le=LONGEST_VALIDITY)]
Validity = Annotated[_Seconds, BeforeValidator(no_switch, json_schema_input_type=_Seconds)]


_YEARS = range(2, dt.MAXYEAR)  # beyond them, times in other zones and the days beside them may not exist


def _moment(value: object) -> dt.datetime:
    """Parse a time with its UTC offset (RFC 3339)."""
    fault = "must be a time like 2026-11-22T09:00:00Z"
    try:
        moment = dt.datetime.fromisoformat(str(value))
        if isinstance(value, str) and moment.tzinfo is not None and moment.year in _YEARS:
            return moment.astimezone(dt.UTC)
        if isinstance(value, str) and moment.tzinfo is None:
            fault = "must have a time zone, such as 2026-11-22T09:00:00Z"
    except (ValueError, OverflowError):
        pass
    raise ValueError(fault)


def _cursor(read: Callable[[str], object]) -> AfterValidator:
    """Return a validator that accepts what `read` accepts."""

    def check(value: str) -> str:
        try:
            read(value)
        except InvalidFieldsError as error:
            raise ValueError(error.fields["cursor"][0]) from None
        return value

    return AfterValidator(check)


Moment = Annotated[
    dt.datetime,
    BeforeValidator(_moment, json_schema_input_type=Annotated[str, Field(json_schema_extra={"format": "date-time"})]),
]
RowCursor = Annotated[str, _cursor(cursor.row)]
_BEHIND = Field(description="Continue after this cursor, taken from the URL in `next`.")
BehindRow = Annotated[RowCursor | None, _BEHIND]
BehindName = Annotated[Annotated[str, _cursor(cursor.named)] | None, _BEHIND]
BehindClick = Annotated[Annotated[str, _cursor(cursor.click)] | None, _BEHIND]
