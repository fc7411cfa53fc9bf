"""The header with which a receiver authenticates us, such as `X-Api-Key: …` or `Authorization: Basic …`."""

import re
from typing import Final

LONGEST: Final = 4096  # characters of name and value
_HEADER: Final = re.compile(r"(?P<name>[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}):[ \t]*(?P<value>[!-~](?:[ -~]*[!-~])?)[ \t]*")
# Headers that we set, and those that would change how the request is read.
_OURS: Final = re.compile(
    "accept-encoding|connection|content-(?:encoding|length|type)|cookie|expect|host|keep-alive|proxy-.*|te|trailer|"
    "transfer-encoding|upgrade|user-agent|webhook-.*",
    re.IGNORECASE,
)


def parse(text: str) -> tuple[str, str]:
    """The name and the value of `Name: value`; ValueError, which does not repeat the value, if it cannot be sent."""
    found = _HEADER.fullmatch(text) if len(text) <= LONGEST else None
    if found is None:
        raise ValueError("must be like `X-Api-Key: value`, in printable ASCII")
    if _OURS.fullmatch(found["name"]):
        raise ValueError(f"{found['name']} is set by the product and cannot be changed")
    return found["name"], found["value"]
