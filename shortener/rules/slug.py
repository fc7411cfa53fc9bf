"""Encode a link's number as its slug, ten characters of `[A-Za-z0-9]`, and decode it again.

The slugs are those of hashids. docs/adr/0031-own-hashids.md says why they are not always encoded by it.
"""

import re
from functools import cache
from itertools import count
from typing import Final
from urllib.parse import unquote

from hashids import Hashids

LENGTH = 10
# With hashids' default alphabet and ten characters, the largest number that still fits has 49 bits.
NUMBER_BITS = 49
PATTERN = re.compile(r"[A-Za-z0-9]{10}")
# What may follow a slug: anything but a letter or digit, or a word that was joined to the link (`Please`, `1win`).
NO_MORE_SLUG: Final = r"(?:(?![A-Za-z0-9])|(?=[A-Z][a-z]|[0-9]+[a-z]))"
# What may surround a copied shortlink: spaces, invisible characters, brackets, the end of a sentence, and a question
# mark with tracking parameters that messengers add.
_PASTED: Final = re.compile(rf"[^A-Za-z0-9]*(?:[^?#]*/)?({PATTERN.pattern})[^A-Za-z0-9?#]*(?:[?#].*)?", re.S)

# hashids encodes a number as a first character, which depends on the number modulo 100, and the number's digits. The
# first character decides the order of the alphabet for the digits. Slugs of less than ten characters are padded: with a
# mark before and mostly one behind, and with other digits outside of the marks. Separators are between several numbers.
_BASE: Final = 44  # characters of its alphabet for digits; the others separate and pad
_SEPARATORS: Final = "cfhistuCFHISTU"
_UNPADDED: Final = _BASE ** (LENGTH - 2)  # from this number on there are nine digits, and no padding


def pasted(text: str) -> str | None:
    """Return the slug in a pasted text, which is a slug or a URL that ends with one; None if there is none.

    The host does not matter, because the public address may have changed since the link was made.
    """
    found = _PASTED.fullmatch(unquote(text))
    return found and found[1]


class Slugs:
    """Encodes numbers as slugs and decodes them, with one installation's salt.

    hashids is an encoding, not a secret: its salt can be recovered from slugs. Slugs cannot be guessed because their
    numbers are random. hashids shuffles its alphabet for every slug; here each of its 44 orders is asked from it once
    and remembered, which gives the same slugs in a tenth of the time.
    """

    def __init__(self, salt: str) -> None:
        self._hashids = Hashids(salt=salt, min_length=LENGTH)
        self._unpadded = Hashids(salt=salt)
        self._first_characters = [str(self._unpadded.encode(order))[0] for order in range(_BASE)]
        self._orders = {first: order for order, first in enumerate(self._first_characters)}
        digits = "".join(self._first_characters)
        marks = "".join(set(Hashids.ALPHABET).difference(digits, _SEPARATORS))
        self._padded_slug = re.compile(
            rf"[{marks}][{digits}]{{9}}|[{digits}]{{0,3}}[{marks}][{digits}]{{2,8}}[{marks}][{digits}]{{0,3}}"
        )
        self._digits = cache(self._order_of)

    def encode(self, number: int) -> str:
        """Return the slug of a number below 2**49. Raise ValueError for any other number."""
        if not 0 <= number < 1 << NUMBER_BITS:
            raise ValueError("the number has no slug of ten characters")
        if number < _UNPADDED:
            return str(self._hashids.encode(number))
        order = number % 100 % _BASE
        digits, _ = self._digits(order)
        slug = ""
        while number:
            number, digit = divmod(number, _BASE)
            slug = digits[digit] + slug
        return self._first_characters[order] + slug

    def decode(self, slug: str) -> int | None:
        """Return the number of a slug; None if no number has this slug."""
        if not PATTERN.fullmatch(slug):
            return None
        order = self._orders.get(slug[0])
        if order is None:
            return self._padded(slug)
        _, values = self._digits(order)
        number = 0
        for character in slug[1:]:
            value = values.get(character)
            if value is None:
                return self._padded(slug)
            number = number * _BASE + value
        return number if _UNPADDED <= number < 1 << NUMBER_BITS and number % 100 % _BASE == order else None

    def _padded(self, slug: str) -> int | None:
        if not self._padded_slug.fullmatch(slug):  # so are nearly all slugs that somebody made up
            return None
        numbers = self._hashids.decode(slug)
        return numbers[0] if len(numbers) == 1 and numbers[0] < 1 << NUMBER_BITS else None

    def _order_of(self, order: int) -> tuple[str, dict[str, int]]:
        """Return the alphabet of digits in this order, and the value of each digit."""
        digits = "".join(str(self._unpadded.encode(_sample(order, digit)))[-2] for digit in range(_BASE))
        return digits, {character: value for value, character in enumerate(digits)}


def _sample(order: int, digit: int) -> int:
    """Return the smallest number that is encoded in this order and whose last digit but one is `digit`."""
    numbers = (high * _BASE**2 + digit * _BASE + low for high in count() for low in range(_BASE))
    return next(number for number in numbers if number >= _BASE and number % 100 % _BASE == order)
