"""Open incidents, as `doctor` says them."""

from collections.abc import Mapping

import pytest

from shortener.cli.doctor import incidents
from shortener.cli.doctor.finding import State


@pytest.mark.parametrize(
    ("counts", "state"), [({}, State.OK), ({"clicks_lost": 1, "callbacks_exhausted": 2}, State.WARNING)]
)
def test_open_incidents_are_a_warning(counts: Mapping[str, int], state: State) -> None:
    found = incidents.judge(counts)
    assert found.state is state
    assert not counts or "callbacks_exhausted (2), clicks_lost (1)" in found.sentence
