"""NAVER's times: Korean local times, in two spellings."""

import datetime as dt
import re
from typing import Final

from shortener.rules import local_time

SEOUL: Final = "Asia/Seoul"
_ZONE: Final = local_time.zone(SEOUL)
_FULL: Final = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.\d{1,6})?", re.ASCII)
_RESERVED: Final = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d", re.ASCII)


def spaced(moment: dt.datetime) -> str:
    """Return a time as SMS have it: `2026-11-28 21:10:00`."""
    return _local(moment).isoformat(" ", timespec="seconds")


def seconds(moment: dt.datetime) -> str:
    """Return a time as FriendTalk has it: `2026-11-28T21:10:00`."""
    return _local(moment).isoformat(timespec="seconds")


def milliseconds(moment: dt.datetime) -> str:
    """Return a time with milliseconds: `2026-11-28T21:10:00.000`."""
    return _local(moment).isoformat(timespec="milliseconds")


def read(text: str) -> dt.datetime:
    """Read a Korean time in either spelling; ValueError with what is wrong."""
    if found := _FULL.fullmatch(text):
        try:
            return local_time.first(dt.datetime.fromisoformat(f"{found[1]} {found[2]}"), _ZONE)
        except (ValueError, OverflowError):
            pass
    raise ValueError("must be a time like 2026-11-28 21:10:00 or 2026-11-28T21:10:00")


def read_reserved(text: str, zone: str) -> dt.datetime:
    """Read the time of a reservation by the clocks of a zone; ValueError with what is wrong."""
    known = local_time.zone(zone)
    if _RESERVED.fullmatch(text):
        try:
            return local_time.first(dt.datetime.fromisoformat(text), known)
        except (ValueError, OverflowError):
            pass
    raise ValueError("must be a time like 2026-11-28 21:10")


def _local(moment: dt.datetime) -> dt.datetime:
    return moment.astimezone(_ZONE).replace(tzinfo=None)
