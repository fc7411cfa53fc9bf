"""Choose fairly among due jobs: accounts alternate, then hosts, then destinations, so a long queue delays only itself.

A destination is `ACCOUNT SCHEME://HOST:PORT`, as `receiver.queue` writes it. Destinations of all accounts that name the
same host are a group, which may have limits of its own.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

SHARE: Final = 2  # slots that may be taken for each one that is left free
DueJob = tuple[str, int]  # destination and id


@dataclass(frozen=True, slots=True)
class Slots:
    """The slots of one process: how many are free, and the destinations that occupy the others."""

    free: int
    running: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Groups:
    """The limits of groups, which all accounts share, and the order in which destinations take turns.

    Where a limit allows few attempts at once, hardly any is in flight, and only turns tell who has had less.
    """

    cap: int | None = None  # attempts in flight in a group, on all nodes together
    allowed: Mapping[str, int] = field(default_factory=dict)  # how many may start now, for each group with a rate
    turns: Mapping[str, int] = field(default_factory=dict)  # a number for each destination: the lowest comes first


def account_of(destination: str) -> str:
    """The account of a destination."""
    return destination.partition(" ")[0]


def host_of(destination: str) -> str:
    """The account and the host of a destination: all ports of a host are one receiver."""
    return f"{account_of(destination)} {group_of(destination)}"


def group_of(destination: str) -> str:
    """The host of a destination alone, which all accounts share."""
    return destination.rpartition(":")[0].rpartition("/")[2]


def choose(
    due: Iterable[DueJob],
    *,
    in_flight: Mapping[str, int],
    per_destination: int,
    limit: int,
    slots: Slots | None = None,
    groups: Groups | None = None,
) -> list[int]:
    """Choose at most `limit` ids from `due`, pairs of destination and id with the longest due first.

    No destination gets more than `per_destination`, together with its attempts in flight on all nodes. The account with
    the fewest in flight comes first; within it the host, then the destination, then the job that has been due longest.
    With `slots`, no account and no host gets more of them than its share; with `groups`, their limits hold too.
    """
    jobs = _below_limit(due, in_flight, per_destination)
    if groups is not None:
        jobs.sort(key=lambda job: groups.turns.get(job[0], 0))
    for group in (str, host_of, account_of):
        jobs = _alternate(jobs, group, in_flight)
    if slots is not None or groups is not None:
        jobs = _within(jobs, _Shares(slots) if slots else None, _Room(groups, in_flight) if groups else None)
    return [row_id for _, row_id in jobs[:limit]]


def _within(jobs: Sequence[DueJob], shares: "_Shares | None", room: "_Room | None") -> list[DueJob]:
    """The jobs for which both their account's share and their group have a place."""
    found = []
    for job in jobs:
        if (room is None or room.has_place(job[0])) and (shares is None or shares.take(job[0])):
            found.append(job)
            if room is not None:
                room.fill(job[0])
    return found


class _Shares:
    """How many slots each account and host occupies. An account may take two slots for each one that it leaves free.

    So an account that is alone gets two thirds of all, and however many accounts use their full share, a few slots are
    free for the next one. The same rule divides an account's share among its hosts.
    """

    def __init__(self, slots: Slots) -> None:
        self._free = slots.free
        self._accounts = Counter(map(account_of, slots.running))
        self._hosts = Counter(map(host_of, slots.running))

    def take(self, destination: str) -> bool:
        """Take a slot for this destination; False if its share is used up."""
        account, host = account_of(destination), host_of(destination)
        free, of_account, of_host = self._free - 1, self._accounts[account] + 1, self._hosts[host] + 1
        left = SHARE * free - of_account
        if free < 0 or (of_account > 1 and left < 0) or (of_host > 1 and of_host > SHARE * left):
            return False
        self._free, self._accounts[account], self._hosts[host] = free, of_account, of_host
        return True


class _Room:
    """How many attempts each group may still start."""

    def __init__(self, groups: Groups, in_flight: Mapping[str, int]) -> None:
        self._groups = groups
        self._taken: Counter[str] = Counter()
        self._in_flight: Counter[str] = Counter()
        for destination, count in in_flight.items():
            self._in_flight[group_of(destination)] += count

    def has_place(self, destination: str) -> bool:
        """Whether the group of this destination has a place left."""
        group = group_of(destination)
        taken, allowed, cap = self._taken[group], self._groups.allowed.get(group), self._groups.cap
        return (allowed is None or taken < allowed) and (cap is None or taken + self._in_flight[group] < cap)

    def fill(self, destination: str) -> None:
        """Count an attempt for this destination."""
        self._taken[group_of(destination)] += 1


def _below_limit(due: Iterable[DueJob], in_flight: Mapping[str, int], per_destination: int) -> list[DueJob]:
    """Leave out the jobs for which their destination has no slot."""
    used = Counter(in_flight)
    jobs = []
    for job in due:
        if used[job[0]] < per_destination:
            jobs.append(job)
            used[job[0]] += 1
    return jobs


def _alternate(jobs: Sequence[DueJob], group: Callable[[str], str], in_flight: Mapping[str, int]) -> list[DueJob]:
    """Let groups alternate, those with the fewest in flight first; within a group the order does not change."""
    used: Counter[str] = Counter()
    for destination, count in in_flight.items():
        used[group(destination)] += count
    ranked = []
    for job in jobs:
        name = group(job[0])
        ranked.append((used[name], job))
        used[name] += 1
    ranked.sort(key=lambda pair: pair[0])
    return [job for _, job in ranked]
