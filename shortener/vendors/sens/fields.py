"""Types of fields that both of NAVER's requests have."""

import datetime as dt
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from shortener.errors import InvalidFieldsError
from shortener.validation.models import Faults
from shortener.validation.types import storable
from shortener.vendors.sens import times

MOST_RECIPIENTS: Final = 100  # of one request
LONGEST_SERVICE: Final = 200  # characters


def size(text: str) -> int:
    """Return how many bytes the text has in EUC-KR, as Korean carriers count: two for each that is not ASCII."""
    return sum(1 if character.isascii() else 2 for character in text)


def _upper(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


Chars = Annotated[str, AfterValidator(storable)]
Content = Annotated[str, Field(max_length=10_000), AfterValidator(storable)]
ShortChars = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(storable)]
Link = Annotated[str, Field(max_length=2_048), AfterValidator(storable)]
TalkText = Annotated[str, Field(min_length=1, max_length=1_000), AfterValidator(storable)]
Type = Annotated[Literal["SMS", "LMS", "MMS"], BeforeValidator(_upper)]
ContentType = Annotated[Literal["COMM", "AD"], BeforeValidator(_upper)]
CountryCode = Annotated[str, Field(pattern="^[1-9][0-9]{0,3}$")]


def checked_service(service: str) -> str:
    """Return the id of a service, which may be anything that can be stored; InvalidFieldsError for others."""
    if len(service) > LONGEST_SERVICE or "\0" in service:
        raise InvalidFieldsError({"serviceId": [f"must have at most {LONGEST_SERVICE} characters, and no NUL"]})
    return service


def reserved_on(text: str | None, zone: str | None, faults: Faults) -> dt.datetime | None:
    """Return the time of a reservation, None without one; what is wrong with it becomes a fault."""
    try:
        return times.read_reserved(text, zone or times.SEOUL) if text else None
    except ValueError as fault:
        name = "reserveTimeZone" if "zone" in str(fault) else "reserveTime"
        faults[name] = [str(fault)]
        return None
