"""The numbers by which Vonage says that a message was taken, or what is wrong with it."""

import enum
from collections.abc import Mapping, Sequence
from typing import Final


class Status(enum.StrEnum):
    """The numbers of the vendor that we give, and those that it gives us as a gateway."""

    TAKEN = "0"
    THROTTLED = "1"
    MISSING = "2"
    INVALID = "3"
    CREDENTIALS = "4"
    INTERNAL = "5"
    UNROUTABLE = "6"
    BARRED = "7"
    ACCOUNT_BARRED = "8"
    NO_CREDIT = "9"
    TOO_MANY_CONNECTIONS = "10"
    NOT_ENABLED = "11"
    TOO_LONG = "12"
    SIGNATURE = "14"
    SENDER = "15"
    NETWORK_CODE = "22"
    CALLBACK = "23"
    NOT_ON_TRIAL_LIST = "29"
    BOTH_GIVEN = "32"
    DEACTIVATED = "33"


# By the field that is wrong; all others are INVALID.
_OF_FIELDS: Final = {"from": Status.SENDER, "callback": Status.CALLBACK, "gateway": Status.INTERNAL}
_REQUIRED: Final = "is required"
ONCE: Final = "must be one value, given once"
# These are about the request, not about what the field means.
_OF_REQUESTS: Final = frozenset({ONCE, "must be text"})
_TOO_LONG: Final = "must be at most"
# By the status of HTTP that our own API would answer with.
_OF_HTTP: Final = {401: Status.CREDENTIALS, 403: Status.NOT_ENABLED, 413: Status.TOO_LONG, 429: Status.THROTTLED}


def of_faults(faults: Mapping[str, Sequence[str]]) -> tuple[Status, str]:
    """The number of the most important fault, and its sentence. A missing field comes first, as with the vendor."""
    missing = {name: said for name, said in faults.items() if _REQUIRED in said}
    name, sentences = next(iter((missing or faults).items()))
    sentence = f"{name}: {sentences[0]}"
    if missing:
        return Status.MISSING, sentence
    if name == "text" and sentences[0].startswith(_TOO_LONG):
        return Status.TOO_LONG, sentence
    if sentences[0] in _OF_REQUESTS:
        return Status.INVALID, sentence
    return _OF_FIELDS.get(name, Status.INVALID), sentence


def of_http(status: int) -> Status:
    """The number for an error that has no fields."""
    return _OF_HTTP.get(status, Status.INVALID if status < 500 else Status.INTERNAL)
