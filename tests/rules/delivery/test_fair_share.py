"""Fair share: limits per destination hold, fewer attempts in flight come first, and no account takes all slots."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortener.rules.delivery.fair_share import Groups, Slots, account_of, choose, group_of, host_of

destinations = st.sampled_from("abcde")
waiting = st.lists(destinations).map(lambda names: [(name, number) for number, name in enumerate(names)])
counts = st.dictionaries(destinations, st.integers(0, 4))


def test_receivers_alternate() -> None:
    queue = [("slow", 1), ("slow", 2), ("slow", 3), ("quick", 4), ("other", 5)]
    assert choose(queue, in_flight={}, per_destination=2, limit=10) == [1, 4, 5, 2]


def test_the_receiver_with_fewer_attempts_comes_first() -> None:
    queue = [("slow", 1), ("quick", 2)]
    assert choose(queue, in_flight={"slow": 1}, per_destination=2, limit=10) == [2, 1]


def test_a_destination_without_a_free_slot_gets_nothing() -> None:
    assert choose([("slow", 1)], in_flight={"slow": 2}, per_destination=2, limit=10) == []


@given(waiting, counts, st.integers(1, 3), st.integers(0, 20))
def test_limits_hold_and_slots_are_used(
    waiting: list[tuple[str, int]], in_flight: dict[str, int], each: int, limit: int
) -> None:
    chosen = choose(waiting, in_flight=in_flight, per_destination=each, limit=limit)
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
    chosen = choose(waiting, in_flight=in_flight, per_destination=each, limit=100)
    for name in "abcde":
        numbers = [number for other, number in waiting if other == name]
        mine = [number for number in chosen if number in numbers]
        assert mine == numbers[: len(mine)]


# Accounts and hosts


def queue(*destinations: str) -> list[tuple[str, int]]:
    return [(destination, number) for number, destination in enumerate(destinations)]


def ports(account: int, host: str, count: int) -> list[str]:
    return [f"{account} http://{host}:{port}" for port in range(1, count + 1)]


def chosen(waiting: list[str], limit: int = 1000, slots: Slots | None = None, **in_flight: int) -> list[str]:
    numbers = choose(queue(*waiting), in_flight=in_flight, per_destination=100, limit=limit, slots=slots)
    return [waiting[number] for number in numbers]


@pytest.mark.parametrize(
    ("destination", "account", "host"),
    [
        ("12 https://shop.example:443", "12", "12 shop.example"),
        ("12 http://shop.example:8080", "12", "12 shop.example"),
        ("1 http://[2001:db8::1]:80", "1", "1 [2001:db8::1]"),
        ("1 -", "1", "1 "),
    ],
)
def test_a_destination_tells_its_account_and_host(destination: str, account: str, host: str) -> None:
    assert (account_of(destination), host_of(destination)) == (account, host)


def test_the_account_with_less_in_flight_comes_first() -> None:
    many = [f"1 https://{name}.example:443" for name in "abcde"]
    assert chosen([*many, "2 https://z.example:443"], limit=2) == [many[0], "2 https://z.example:443"]


def test_ports_of_a_host_count_as_one() -> None:
    assert chosen([*ports(1, "slow", 3), "1 http://quick:80"], limit=2) == ["1 http://slow:1", "1 http://quick:80"]


def test_an_account_alone_leaves_a_third_free() -> None:
    hosts = [f"1 https://host{number}.example:443" for number in range(200)]
    assert len(chosen(hosts, slots=Slots(64))) == 42


def test_one_host_leaves_places_for_other_hosts() -> None:
    assert len(chosen(ports(1, "slow", 200), slots=Slots(64))) == 36
    assert chosen(["1 http://quick:80"], slots=Slots(28, ports(1, "slow", 36))) == ["1 http://quick:80"]


def test_a_new_account_goes_before_a_full_one() -> None:
    running = [f"1 https://host{number}.example:443" for number in range(42)]
    slots = Slots(22, running)
    assert chosen(["1 https://more.example:443", "2 https://new.example:443"], slots=slots) == [
        "2 https://new.example:443"
    ]


def test_the_last_slot_goes_to_a_new_account() -> None:
    running = [f"{account} http://host:{port}" for account in range(21) for port in range(3)]
    assert chosen(["5 http://host:9", "99 http://new:80"], slots=Slots(1, running)) == ["99 http://new:80"]


def test_without_a_free_slot_nothing_is_chosen() -> None:
    assert chosen(["1 http://new:80"], slots=Slots(0)) == []


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(1, 4), st.integers(1, 9)), max_size=300), st.integers(1, 64))
def test_every_account_of_few_gets_a_slot(names: list[tuple[int, int, int]], slots: int) -> None:
    """Provided that there are at least as many slots as accounts."""
    waiting = [f"{account} http://host{host}:{port}" for account, host, port in names]
    accounts = set(map(account_of, waiting))
    found = chosen(waiting, limit=slots, slots=Slots(slots))
    assert len(set(map(account_of, found))) == min(len(accounts), slots)
    assert len(found) <= slots
    for account in accounts:
        others = sum(account_of(each) != account for each in found)
        mine = len(found) - others
        assert mine <= 1 or mine <= 2 * (slots - mine)


# Groups


def of(*accounts: int) -> list[tuple[str, int]]:
    return queue(*(f"{account} gateway://kannel:0" for account in accounts))


def within(waiting: list[tuple[str, int]], groups: Groups, **given: object) -> list[int]:
    defaults: dict[str, object] = {"in_flight": {}, "per_destination": 100, "limit": 100}
    return choose(waiting, groups=groups, **{**defaults, **given})  # type: ignore[arg-type]


def test_a_group_is_a_host_of_all_accounts() -> None:
    assert group_of("17 gateway://kannel:0") == group_of("4 gateway://kannel:0") == "kannel"


def test_a_cap_counts_all_accounts_together() -> None:
    in_flight = {"7 gateway://kannel:0": 2, "8 gateway://smtp:0": 5}
    assert within(of(1, 1, 2, 2), Groups(cap=4), in_flight=in_flight) == [0, 2]
    assert within(of(1, 1, 2, 2), Groups(cap=2), in_flight=in_flight) == []


def test_no_more_start_than_a_rate_allows() -> None:
    assert within(of(1, 1, 2), Groups(allowed={"kannel": 1})) == [0]
    assert within(of(1, 1, 2), Groups(allowed={"kannel": 0})) == []
    assert within(of(1, 1, 2), Groups(allowed={"smtp": 0})) == [0, 2, 1]


def test_accounts_take_turns_where_few_may_start() -> None:
    turns = {"1 gateway://kannel:0": 9, "2 gateway://kannel:0": 8}
    assert within(of(1, 1, 2), Groups(allowed={"kannel": 1}, turns=turns)) == [2]
    assert within(of(1, 1, 2, 3), Groups(allowed={"kannel": 1}, turns=turns)) == [3]


def test_an_account_without_a_share_takes_no_group_place() -> None:
    """Its jobs come first here, but its share of the slots is used up."""
    slots = Slots(1, ["1 gateway://kannel:0"] * 2)
    turns = {"2 gateway://kannel:0": 1}
    in_flight = {"2 gateway://kannel:0": 3, "1 gateway://kannel:0": 2}
    assert within(of(1, 2), Groups(allowed={"kannel": 1}, turns=turns), slots=slots, in_flight=in_flight) == [1]
    assert within(of(1, 2), Groups(allowed={"kannel": 1}, turns=turns), in_flight=in_flight) == [0]
