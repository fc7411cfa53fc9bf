"""The labelled messages stay right: all in strict, all except a few in smart."""

import pytest

from bench import detection

LABELS = detection.labels()
corpora = pytest.mark.skipif(not (detection.CORPORA / "messages").is_dir(), reason="no published messages here")


def _score(mode: str) -> detection.Score:
    return detection.score(LABELS, detection.labelled_texts(LABELS), mode)


@corpora
def test_strict_obeys_its_rule_in_every_labelled_message() -> None:
    score = _score("strict")
    assert score.messages > 1_000
    assert (score.right, score.no_link) == (score.links, 0)


@corpora
def test_smart_finds_exactly_the_labelled_link() -> None:
    score = _score("smart")
    assert score.links > 500
    assert score.right >= 0.99 * score.links
    assert score.no_link == 0


@corpora
def test_every_mistake_that_is_listed_is_still_one() -> None:
    assert len(detection.wrong_table()) == 2 + detection.SHOWN  # it stops at a line that no longer holds
