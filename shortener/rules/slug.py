"""Number <-> slug. A slug is ten characters of `[A-Za-z0-9]`."""

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
# What may stand behind a slug: no letter or digit, but for a word that was glued to the link (`Please`, `1win`).
NO_MORE_SLUG: Final = r"(?:(?![A-Za-z0-9])|(?=[A-Z][a-z]|[0-9]+[a-z]))"
# What stands around a shortlink that was copied: spaces, invisible characters, brackets, the end of a sentence, a
# question mark with what messengers add to follow people.
_PASTED: Final = re.compile(rf"[^A-Za-z0-9]*(?:[^?#]*/)?({PATTERN.pattern})[^A-Za-z0-9?#]*(?:[?#].*)?", re.S)

# How hashids writes one number: a first character that follows from the number's rest by 100, and the number's digits
# in an order of the alphabet that follows from the first character. What is shorter than ten characters is filled up.
_BASE: Final = 44  # characters of its alphabet; the others separate and fill up
_FULL: Final = _BASE ** (LENGTH - 2)  # from here on a number has nine digits, and nothing is filled up


def pasted(text: str) -> str | None:
    """The slug in what somebody pasted, by itself or as the end of a link's path; None where there is none.

    Whatever the host is: the public address may have changed since the link was given out.
    """
    found = _PASTED.fullmatch(unquote(text))
    return found and found[1]


class Slugs:
    """Turns numbers into slugs and back, under one installation's salt.

    hashids is an encoding, not a secret: its salt can be recovered from slugs. What makes a slug unguessable is that
    its number is random. hashids shuffles its alphabet anew for each slug; here each of the 44 orders is learnt from it
    once and remembered, which is ten times as fast and gives the same slugs.
    """

    def __init__(self, salt: str) -> None:
        self._hashids = Hashids(salt=salt, min_length=LENGTH)
        self._unfilled = Hashids(salt=salt)
        self._firsts = [str(self._unfilled.encode(place))[0] for place in range(_BASE)]
        self._places = {first: place for place, first in enumerate(self._firsts)}
        self._digits = cache(self._learnt)

    def encode(self, number: int) -> str:
        """Give the slug of a number below 2**49."""
        if not 0 <= number < 1 << NUMBER_BITS:
            raise ValueError("the number has no slug of ten characters")
        if number < _FULL:
            return str(self._hashids.encode(number))
        place = number % 100 % _BASE
        digits, _ = self._digits(place)
        slug = ""
        while number:
            number, digit = divmod(number, _BASE)
            slug = digits[digit] + slug
        return self._firsts[place] + slug

    def decode(self, slug: str) -> int | None:
        """Give the number of a slug; None where no number has this slug."""
        if not PATTERN.fullmatch(slug):
            return None
        place = self._places.get(slug[0])
        if place is None:
            return self._filled_up(slug)
        _, values = self._digits(place)
        number = 0
        for character in slug[1:]:
            value = values.get(character)
            if value is None:
                return self._filled_up(slug)
            number = number * _BASE + value
        return number if _FULL <= number < 1 << NUMBER_BITS and number % 100 % _BASE == place else None

    def _filled_up(self, slug: str) -> int | None:
        numbers = self._hashids.decode(slug)
        return numbers[0] if len(numbers) == 1 and numbers[0] < 1 << NUMBER_BITS else None

    def _learnt(self, place: int) -> tuple[str, dict[str, int]]:
        """The digits behind a first character, in their order, and the value of each."""
        digits = "".join(str(self._unfilled.encode(_sample(place, digit)))[-2] for digit in range(_BASE))
        return digits, {character: value for value, character in enumerate(digits)}


def _sample(place: int, digit: int) -> int:
    """The smallest number whose first character has this place and whose last digit but one is this."""
    numbers = (high * _BASE**2 + digit * _BASE + low for high in count() for low in range(_BASE))
    return next(number for number in numbers if number >= _BASE and number % 100 % _BASE == place)
