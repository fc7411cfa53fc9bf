"""Random texts: their length, characters and distribution."""

from collections import Counter

import pytest

from shortener.accounts.random_text import ALPHANUMERIC, random_text


@pytest.mark.parametrize("length", [0, 1, 10, 1000])
def test_a_text_has_the_wanted_length(length: int) -> None:
    assert len(random_text(length)) == length


def test_all_characters_are_equally_likely() -> None:
    counts = Counter(random_text(62_000))
    assert set(counts) == set(ALPHANUMERIC.decode())
    assert max(counts.values()) < 1250 and min(counts.values()) > 750  # 1000 expected; eight standard deviations
