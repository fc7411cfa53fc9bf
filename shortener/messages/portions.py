"""Divide many messages into portions, each for one transaction: no other message waits for more than one of them."""

from collections.abc import Iterable, Iterator
from typing import Final

from shortener.errors import InvalidFieldsError
from shortener.messages.analysis import Analysis

SIZE: Final = 250  # messages in a transaction: more save little, and hold the write lock for longer
HEAVY: Final = 4 * 1024 * 1024  # characters and bytes of files in a transaction
LINKS: Final = 2_500  # in a transaction: a few tenths of a second
MOST_LINKS: Final = 50_000  # of one call: it ends within seconds


def of(analyses: Iterable[Analysis]) -> Iterator[list[Analysis]]:
    """Yield the messages in lists of one transaction's size; a list ends with the message that fills it."""
    portion, links, weight = list[Analysis](), 0, 0
    for analysis in analyses:
        portion.append(analysis)
        links += analysis.number_of_links
        weight += _weight(analysis)
        if len(portion) == SIZE or links >= LINKS or weight >= HEAVY:
            yield portion
            portion, links, weight = [], 0, 0
    if portion:
        yield portion


def refuse_too_many_links(analyses: Iterable[Analysis]) -> None:
    """Raise InvalidFieldsError if the messages of one call have too many links together."""
    if sum(analysis.number_of_links for analysis in analyses) > MOST_LINKS:
        sentence = f"must have at most {MOST_LINKS:,} links, counted for every recipient of the request"
        raise InvalidFieldsError({"message": [sentence]})


def _weight(analysis: Analysis) -> int:
    submission = analysis.submission
    files = sum(len(file.content) for file in submission.attachments or ())
    return len(submission.text) + len(submission.html or "") + files
