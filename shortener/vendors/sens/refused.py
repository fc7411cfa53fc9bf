"""Recipients whose message is not taken: the answer says so, and nothing is stored."""

from dataclasses import dataclass
from typing import Final

from shortener.errors import InvalidFieldsError, MonthlyLimitError, QuietHoursError, ShortenerError

BAD_LINK: Final = "K208"
BAD_NUMBER: Final = "K220"
QUIET_HOURS: Final = "K303"
MONTHLY_LIMIT: Final = "L429"
OTHER: Final = "3001"


@dataclass(frozen=True, slots=True)
class Refused:
    """Why one message of a request is not taken: a code with a sentence."""

    code: str
    sentence: str

    @classmethod
    def by(cls, error: ShortenerError) -> "Refused":
        """Say it for the error that kept the message from being stored."""
        if isinstance(error, MonthlyLimitError):
            return cls(MONTHLY_LIMIT, str(error))
        if isinstance(error, QuietHoursError):
            return cls(QUIET_HOURS, str(error))
        if isinstance(error, InvalidFieldsError):
            return cls(OTHER, "; ".join(f"{name} {', '.join(faults)}" for name, faults in error.fields.items()))
        return cls(OTHER, str(error))
