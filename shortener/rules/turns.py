"""Whose turn is it? Receivers take turns, so that one with a long queue holds up only itself."""

from collections import Counter
from collections.abc import Iterable, Mapping


def take(
    waiting: Iterable[tuple[str, int]], *, in_flight: Mapping[str, int], per_destination: int, limit: int
) -> list[int]:
    """Choose from `waiting`, pairs of destination and id with the longest due first; at most `limit` ids.

    No destination gets more than `per_destination` together with what it has in flight. One with less in flight comes
    first, and among equals the one that is longer due.
    """
    places = Counter(in_flight)
    turns: list[tuple[int, int, int]] = []
    for order, (destination, row_id) in enumerate(waiting):
        if places[destination] < per_destination:
            turns.append((places[destination], order, row_id))
            places[destination] += 1
    return [row_id for _, _, row_id in sorted(turns)[:limit]]
