"""Numbers: the vendor writes them without a plus, we store them with one."""

import re
from typing import Annotated, Final

from pydantic import AfterValidator

from shortener.validation.types import ShortText

_INTERNATIONAL: Final = re.compile(r"[1-9][0-9]{6,14}")


def stored(to: str) -> str:
    """Return a destination as it is stored: an international number with a plus, anything else as it is."""
    return f"+{to}" if _INTERNATIONAL.fullmatch(to) else to


def written(recipient: str | None) -> str | None:
    """Return a stored recipient as the vendor writes it; it may be masked, or missing."""
    return recipient.removeprefix("+") if recipient else None


def _no_address(to: str) -> str:
    if "@" in to:
        raise ValueError("must be a number")  # an address would go out as an e-mail
    return to


Number = Annotated[ShortText, AfterValidator(_no_address)]
