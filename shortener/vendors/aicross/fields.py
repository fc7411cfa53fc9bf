"""Read single fields as the vendor checks them; a CallError has its code and the field's name."""

import datetime as dt
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from shortener.vendors.aicross import times
from shortener.vendors.aicross.faults import INVALID, REQUIRED, TOO_LONG, CallError
from shortener.vendors.aicross.times import Period
from shortener.web.vendor_requests import one

T = TypeVar("T")
Fields = Mapping[str, Any]
LONGEST_ID: Final = 200  # characters of a clientId, of which the vendor says only that it is required
LONGEST_TAG: Final = 200
LONGEST_ASKED_TAG: Final = 203
SMS_CODE: Final = (5, 6)  # characters
_DIGITS: Final = re.compile("[0-9]+")
# The vendor's pattern. Numbers that begin with 020 and have 14 digits are those of machines.
PHONE_NUMBER: Final = re.compile(r"(?:\+81|0)((?:[26789]0[1-9][0-9]{7})|(?:20[1-9][0-9]{10}))")


def optional(fields: Fields, name: str, longest: int | None = None) -> str | None:
    """Return a text, None if it is missing or empty."""
    value = one(fields.get(name))
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)  # in JSON, which the vendor does not take
    if value is None or value == "":
        return None
    if not isinstance(value, str) or "\0" in value or not _is_unicode(value):
        raise CallError(INVALID, name)
    if longest is not None and len(value) > longest:
        raise CallError(TOO_LONG, name)
    return value


def required(fields: Fields, name: str, longest: int | None = None) -> str:
    """Return a text that must be given."""
    value = optional(fields, name, longest)
    if value is None:
        raise CallError(REQUIRED, name)
    return value


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # a lone surrogate
        return False
    return True


def client_id(fields: Fields) -> str:
    """Return the `clientId`, which may be anything here: it is kept, and given back."""
    return required(fields, "clientId", LONGEST_ID)


def sms_code(fields: Fields) -> str:
    """Return the `smsCode`, five or six digits."""
    shortest, longest = SMS_CODE
    value = required(fields, "smsCode", longest)
    if len(value) < shortest or not _DIGITS.fullmatch(value):
        raise CallError(INVALID, "smsCode")
    return value


def phone_number(fields: Fields) -> str:
    """Return the `phoneNumber` in its international form, such as `+819012345678`."""
    found = PHONE_NUMBER.fullmatch(required(fields, "phoneNumber"))
    if found is None:
        raise CallError(INVALID, "phoneNumber")
    return f"+81{found[1]}"


def tag(fields: Fields, name: str) -> str | None:
    """Return a `clientTag` or `groupTag`."""
    return optional(fields, name, LONGEST_TAG)


def minute(fields: Fields, name: str) -> dt.datetime | None:
    """Return a time like `2026-11-28 21:10`."""
    return _read(fields, name, times.minute)


def day(fields: Fields, name: str) -> Period | None:
    """Return a day like `20261128`."""
    return _read(fields, name, times.day)


def month(fields: Fields, name: str) -> Period:
    """Return a month like `202611`, which must be given."""
    found = _read(fields, name, times.month)
    if found is None:
        raise CallError(REQUIRED, name)
    return found


def _read(fields: Fields, name: str, reader: Callable[[str], T]) -> T | None:
    text = optional(fields, name)
    try:
        return None if text is None else reader(text)
    except ValueError:
        raise CallError(INVALID, name) from None
