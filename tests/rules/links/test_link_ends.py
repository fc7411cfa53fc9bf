"""The table of link ends equals the ends that a walk from each link finds."""

import re

from hypothesis import example, given
from hypothesis import strategies as st

from shortener.rules.links.boundaries import run_end
from shortener.rules.links.link_ends import LinkEnds

PIECES = ["a", "(", ")", "[", "]", "[/", "(a", ".", ",", "=犬", "/犬_犬", "は", " ", "<", "http://", "www.", "#", "://"]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=60).map("".join)


def starts(text: str, end: int) -> list[int]:
    """Where links may begin: behind a mark, as `scan` asks."""
    return [found.end() for found in re.finditer("[a:/#(]", text) if found.end() <= end]


@given(TEXTS, st.integers(0, 80))
@example("(" * 12 + "a" + ")" * 12 + "a", 80)
@example("a(" + "[" * 7 + "a" + "]" * 7 + ")a", 80)
@example("a(" + "[" * 8 + "a" + "]" * 8 + ")a", 80)
def test_the_table_and_a_walk_agree(text: str, cut: int) -> None:
    end = min(cut, len(text))
    ends = LinkEnds(text, end)
    ends.end_of(0)
    for start in starts(text, end):
        assert ends.end_of(start) == run_end(text, start, end)


@given(TEXTS)
def test_a_scheme_is_found_between_start_and_stop(text: str) -> None:
    ends = LinkEnds(text, len(text))
    for start in range(len(text)):
        stop = min(start + 5, len(text))
        assert ends.has_scheme(start, stop) == ("://" in text[start:stop])
