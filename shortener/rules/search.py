"""What somebody who searches may have typed: a number in any spelling, an e-mail address, an id, or a word."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from shortener.rules.recipient_storage import VISIBLE

LONGEST: Final = 200  # characters
# Recipients are indexed by their last characters: the country in front of a number is often left out, or written 00.
KEY: Final = 8
FEWEST: Final = 4  # digits of a number; fewer are an ordinary text
MOST: Final = 18
_SPELLED: Final = re.compile(r"[+]?[0-9 ().\-/]+")
_DASHES: Final = re.compile("[\u2010-\u2015\u2212\u30fc\u00ad]")
_TRUNK: Final = re.compile(r"(?<=[0-9 ])\(0\)")  # `+44 (0)20 …`: only within the country
_NOT_STORABLE: Final = re.compile("[\0\ud800-\udfff]")
_ASCII_LOWER: Final = {ord(letter): letter.lower() for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}


@dataclass(frozen=True, slots=True)
class Query:
    """A search: `text` as typed, `plain` with half-width letters and digits; each without spaces at its ends.

    `digits` are those of a number without what stands in front of it only at home or only abroad (`0`, `00`, `+`); None
    if it is no number.
    """

    text: str
    plain: str
    digits: str | None

    @property
    def is_address(self) -> bool:
        """Whether it may be an e-mail address or the beginning of one."""
        return "@" in self.plain[1:] and " " not in self.plain

    @property
    def is_recipient(self) -> bool:
        """Whether it looks like a recipient."""
        return self.digits is not None or self.is_address


def parse(typed: str) -> Query:
    """Return what somebody typed; characters that no stored text can have are left out."""
    text = _NOT_STORABLE.sub("", typed).strip()
    plain = unicodedata.normalize("NFKC", text).strip()
    return Query(text, plain, _digits(_DASHES.sub("-", plain)))


def _digits(plain: str) -> str | None:
    if not _SPELLED.fullmatch(plain):
        return None
    digits = _significant(_TRUNK.sub("", plain))
    return digits if FEWEST <= len(digits) <= MOST else None


def _significant(text: str) -> str:
    return re.sub(r"[^0-9]", "", text).lstrip("0")


def keys(query: Query) -> list[str]:
    """Return the keys of recipients that the query may name, as `key` gives them: an index has few of each."""
    found = [key(query.plain), key(query.text)]
    if query.digits is not None:
        end = query.digits[-KEY:]
        found += [end, "0" + end] if len(end) < KEY else [end]
        found += [f"{end[-7:-4]}{between}{end[-4:]}" for between in "- " if len(end) >= KEY - 1]
        found += [f" {end[-6:-4]} {end[-4:-2]} {end[-2:]}"[-KEY:]]  # as in France
        found += ["*" * (KEY - VISIBLE) + end[-VISIBLE:]]
    return [each for each in dict.fromkeys(found) if each]


def key(recipient: str) -> str:
    """Return what the index has of a recipient: of an e-mail address all, in lower case; else its end."""
    return ascii_lower(recipient) if "@" in recipient else recipient[-KEY:]


def names(query: Query, recipient: str) -> bool:
    """Whether the query names this recipient, as it is stored: in full or masked."""
    if ascii_lower(recipient) in (ascii_lower(query.plain), ascii_lower(query.text)):
        return True
    if query.digits is None or "@" in recipient:
        return False
    if recipient.startswith("*"):
        return len(recipient) > VISIBLE and recipient[-VISIBLE:] == query.digits[-VISIBLE:]
    stored = _significant(_TRUNK.sub("", recipient))
    # A number may be stored as at home and searched for as from abroad.
    return stored.endswith(query.digits) or (len(stored) >= KEY and query.digits.endswith(stored))


def ascii_lower(text: str) -> str:
    """Return a text in lower case as far as it is ASCII, as both databases compare it."""
    return text.translate(_ASCII_LOWER)
