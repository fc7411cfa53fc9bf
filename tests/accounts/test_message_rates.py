"""Messages per second: ten seconds' worth at once, then at the rate; processes count together."""

import os
from dataclasses import replace
from typing import Any

import pytest

from shortener.accounts import message_rates
from shortener.accounts.message_rates import AHEAD, MessageRates
from shortener.accounts.senders import COLUMNS, Sender
from shortener.errors import MessageRateError

RATE = 4  # a power of two, so that sums are exact


@pytest.fixture
def account() -> Sender:
    """An account of which only the id and the rate matter."""
    nothing: dict[str, Any] = dict.fromkeys(COLUMNS)
    return Sender(**nothing | {"id": 7, "messages_per_second": RATE})


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, which a test moves."""
    times = [1000.0]
    monkeypatch.setattr(message_rates.time, "monotonic", lambda: times[0])
    return times


def made(default: int | None = None) -> MessageRates:
    return MessageRates(default, message_rates.memory())


def waits(rates: MessageRates, account: Sender, messages: int = 1) -> float:
    """Seconds to wait; 0 if the messages are admitted."""
    try:
        rates.admit(account, messages)
    except MessageRateError as error:
        return error.wait.total_seconds()
    return 0


def test_a_burst_is_admitted_and_then_the_rate(account: Sender, clock: list[float]) -> None:
    rates = made()
    assert [waits(rates, account) for _ in range(int(RATE * AHEAD) + 2)][-2:] == [0, pytest.approx(1 / RATE)]
    clock[0] += 1
    assert [waits(rates, account) for _ in range(RATE + 1)] == [0] * RATE + [pytest.approx(1 / RATE)]


def test_a_batch_is_admitted_whole_and_waited_for(account: Sender, clock: list[float]) -> None:
    rates = made()
    rates.admit(account, 0)
    rates.count(account, 1000)
    assert waits(rates, account, 0) == 1000 / RATE - AHEAD
    clock[0] += 1000 / RATE - AHEAD
    assert waits(rates, account) == 0


def test_refused_messages_do_not_count(account: Sender, clock: list[float]) -> None:
    rates = made()
    rates.admit(account, 1000)
    first = waits(rates, account, 1000)
    assert waits(rates, account) == first > 0


def test_the_default_is_for_accounts_without_their_own(account: Sender, clock: list[float]) -> None:
    without = replace(account, messages_per_second=None)
    unlimited, limited = made(), made(default=1)
    assert [waits(unlimited, without, 1000) for _ in range(2)] == [0, 0]
    assert [waits(limited, without, 1000) for _ in range(2)] == [0, 990]
    assert [waits(limited, replace(account, id=account.id + 1), 1000) for _ in range(2)] == [0, 240]


def test_a_forked_process_counts_with_its_parent(account: Sender, clock: list[float]) -> None:
    rates = made()
    child = os.fork()
    if not child:
        rates.count(account, 1000)
        os._exit(0)
    os.waitpid(child, 0)
    assert waits(rates, account) == 1000 / RATE - AHEAD
