"""Number <-> slug. A slug is ten characters of `[A-Za-z0-9]`."""

import re
from functools import lru_cache

from hashids import Hashids

LENGTH = 10
# With hashids' default alphabet and ten characters, the largest number that still fits has 49 bits.
NUMBER_BITS = 49
PATTERN = re.compile(r"[A-Za-z0-9]{10}")


class Slugs:
    """Turns numbers into slugs and back, under one installation's salt.

    hashids is an encoding, not a secret: its salt can be recovered from slugs. What makes a slug unguessable is that
    its number is random.
    """

    def __init__(self, salt: str) -> None:
        self._hashids = Hashids(salt=salt, min_length=LENGTH)
        # An answer names its link more than once, and to encode is the dearest part of it.
        self._encoded = lru_cache(maxsize=1024)(self._hashids.encode)

    def encode(self, number: int) -> str:
        """Give the slug of a number below 2**49."""
        if not 0 <= number < 1 << NUMBER_BITS:
            raise ValueError("the number has no slug of ten characters")
        return str(self._encoded(number))

    def decode(self, slug: str) -> int | None:
        """Give the number of a slug; None where no number has this slug."""
        if not PATTERN.fullmatch(slug):
            return None
        numbers = self._hashids.decode(slug)
        return numbers[0] if len(numbers) == 1 and numbers[0] < 1 << NUMBER_BITS else None
