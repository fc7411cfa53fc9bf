"""Whose turn is it? Accounts take turns, then hosts, then destinations: who has a long queue holds up only itself.

A destination is `ACCOUNT SCHEME://HOST:PORT`, as `receiver.queue` writes it.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

SHARE: Final = 2  # places that may be taken for each one that is left free
Waiting = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Room:
    """The places of one process: how many are free, and the destinations that have the others."""

    free: int
    running: Sequence[str] = ()


def account_of(destination: str) -> str:
    """The account of a destination."""
    return destination.partition(" ")[0]


def host_of(destination: str) -> str:
    """The account and the host of a destination: all ports of a host are one receiver."""
    return f"{account_of(destination)} {destination.rpartition(':')[0].rpartition('/')[2]}"


def take(
    waiting: Iterable[Waiting],
    *,
    in_flight: Mapping[str, int],
    per_destination: int,
    limit: int,
    room: Room | None = None,
) -> list[int]:
    """Choose from `waiting`, pairs of destination and id with the longest due first; at most `limit` ids.

    No destination gets more than `per_destination` together with what it has in flight on all nodes. The account with
    less in flight comes first; within it the host, then the destination, then what is longer due. With a `room` no
    account and no host gets more of it than its share.
    """
    turns = _with_a_place(waiting, in_flight, per_destination)
    for group in (str, host_of, account_of):
        turns = _by_turns(turns, group, in_flight)
    if room is not None:
        shares = _Shares(room)
        turns = [turn for turn in turns if shares.take(turn[0])]
    return [row_id for _, row_id in turns[:limit]]


class _Shares:
    """What each account and host has of a room. It may take two places for each one that it leaves free.

    So an account that is alone gets two thirds of all, and however many have as much as they may, a few are left for
    the next one. The same rule divides an account's share among its hosts.
    """

    def __init__(self, room: Room) -> None:
        self._free = room.free
        self._accounts = Counter(map(account_of, room.running))
        self._hosts = Counter(map(host_of, room.running))

    def take(self, destination: str) -> bool:
        """Take a place, where there is one for this destination."""
        account, host = account_of(destination), host_of(destination)
        free, of_account, of_host = self._free - 1, self._accounts[account] + 1, self._hosts[host] + 1
        left = SHARE * free - of_account
        if free < 0 or (of_account > 1 and left < 0) or (of_host > 1 and of_host > SHARE * left):
            return False
        self._free, self._accounts[account], self._hosts[host] = free, of_account, of_host
        return True


def _with_a_place(waiting: Iterable[Waiting], in_flight: Mapping[str, int], per_destination: int) -> list[Waiting]:
    places = Counter(in_flight)
    turns = []
    for turn in waiting:
        if places[turn[0]] < per_destination:
            turns.append(turn)
            places[turn[0]] += 1
    return turns


def _by_turns(turns: Sequence[Waiting], group: Callable[[str], str], in_flight: Mapping[str, int]) -> list[Waiting]:
    """Let groups alternate, those with less in flight first; within a group the order stays as it is."""
    places: Counter[str] = Counter()
    for destination, count in in_flight.items():
        places[group(destination)] += count
    ranked = []
    for turn in turns:
        name = group(turn[0])
        ranked.append((places[name], turn))
        places[name] += 1
    ranked.sort(key=lambda pair: pair[0])
    return [turn for _, turn in ranked]
