"""The content types that a file of a mail may have."""

import re
from typing import Final

ANY: Final = "application/octet-stream"
_WORD: Final = r"[A-Za-z0-9!#$&^_.+-]{1,127}"
_VALUE: Final = rf'(?:{_WORD}|"[ !#-\[\]-~]*")'
_TYPE: Final = re.compile(rf"({_WORD})/{_WORD}(?: *; *[A-Za-z0-9_-]{{1,60}}={_VALUE})*")
_COMPOSITE: Final = frozenset({"multipart", "message"})  # may not be written in base64 (RFC 2046, 5)
_LONGEST: Final = 400


def fault(text: str) -> str | None:
    """Return what is wrong with a content type; None if a mail can have it exactly so."""
    found = _TYPE.fullmatch(text)
    if found is None or len(text) > _LONGEST or "=?" in text:
        return "must give each content_type like application/pdf"
    if found[1].lower() in _COMPOSITE:
        return f"must not give a content_type of {found[1].lower()}/…, but {ANY} for such a file"
    return None
