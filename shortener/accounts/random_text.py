"""Random texts for tokens and ids."""

import secrets
import string

ALPHANUMERIC = (string.ascii_letters + string.digits).encode("ascii")
# One look-up turns a random byte into a character. Bytes beyond the last whole multiple of 62 are dropped, because they
# would make some characters more likely than others.
_UNIFORM = 256 - 256 % len(ALPHANUMERIC)
_CHARACTERS = bytes(ALPHANUMERIC[number % len(ALPHANUMERIC)] for number in range(256))
_DROPPED = bytes(range(_UNIFORM, 256))


def random_text(length: int) -> str:
    """Return random characters `[A-Za-z0-9]`, 5.95 bits each, fit for secrets."""
    text = b""
    while len(text) < length:
        text += secrets.token_bytes(length + 8).translate(_CHARACTERS, _DROPPED)
    return text[:length].decode("ascii")
