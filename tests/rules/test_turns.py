"""Taking turns: places per destination hold, and who has less under way comes first."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from shortener.rules.turns import take

destinations = st.sampled_from("abcde")
waiting = st.lists(destinations).map(lambda names: [(name, number) for number, name in enumerate(names)])
counts = st.dictionaries(destinations, st.integers(0, 4))


def test_receivers_take_turns() -> None:
    queue = [("slow", 1), ("slow", 2), ("slow", 3), ("quick", 4), ("other", 5)]
    assert take(queue, in_flight={}, per_destination=2, limit=10) == [1, 4, 5, 2]


def test_who_has_less_in_flight_comes_first() -> None:
    queue = [("slow", 1), ("quick", 2)]
    assert take(queue, in_flight={"slow": 1}, per_destination=2, limit=10) == [2, 1]


def test_a_destination_without_a_free_place_gets_nothing() -> None:
    assert take([("slow", 1)], in_flight={"slow": 2}, per_destination=2, limit=10) == []


@given(waiting, counts, st.integers(1, 3), st.integers(0, 20))
def test_neither_limit_is_ever_passed_and_no_place_stays_free_for_nothing(
    waiting: list[tuple[str, int]], in_flight: dict[str, int], each: int, limit: int
) -> None:
    chosen = take(waiting, in_flight=in_flight, per_destination=each, limit=limit)
    destination_of = {number: name for name, number in waiting}
    taken = Counter(destination_of[number] for number in chosen)
    assert len(chosen) == len(set(chosen)) <= limit
    assert all(taken[name] + in_flight.get(name, 0) <= each for name in taken)
    possible = sum(
        min(count, max(each - in_flight.get(name, 0), 0)) for name, count in Counter(n for n, _ in waiting).items()
    )
    assert len(chosen) == min(possible, limit)


@given(waiting, counts, st.integers(1, 3))
def test_within_a_destination_the_longest_due_comes_first(
    waiting: list[tuple[str, int]], in_flight: dict[str, int], each: int
) -> None:
    chosen = take(waiting, in_flight=in_flight, per_destination=each, limit=100)
    for name in "abcde":
        numbers = [number for other, number in waiting if other == name]
        mine = [number for number in chosen if number in numbers]
        assert mine == numbers[: len(mine)]
