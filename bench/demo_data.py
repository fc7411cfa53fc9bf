"""Demo data: a few days of a shop that sends parcels, with messages, clicks, callbacks and attempts.

The product's own use cases create everything, with the time as an argument; only the receivers' answers are invented.
The result is the same each time, except for msgids and slugs.
"""

import datetime as dt
import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bench import demo_sendings
from shortener.accounts import senders
from shortener.callbacks.kind import CALLBACKS, judge
from shortener.clicks import record
from shortener.clicks.new_click import NewClick
from shortener.clicks.resolve import Resolved
from shortener.messages.analysis import analyze
from shortener.messages.preprocess import Preprocessed
from shortener.messages.rows import StoredLink
from shortener.messages.submission import Submission
from shortener.outbound.client import Answer
from shortener.rules.delivery.attempt_outcome import AttemptOutcome
from shortener.rules.delivery.receiver import Policy
from shortener.rules.visitors.device import HOLDERS, NO_DEVICE, Device
from shortener.rules.visitors.visitor import Verdict, Visitor
from shortener.running.services import services
from shortener.storage.models import Account, Callback
from tests.support.factories import store

MINUTE, HOUR, DAY = dt.timedelta(minutes=1), dt.timedelta(hours=1), dt.timedelta(days=1)
LEASE = 5 * MINUTE
# The relative numbers of messages that a shop sends in each hour of the day.
DAYTIME = (0, 0, 0, 0, 0, 1, 3, 8, 11, 9, 7, 6, 6, 5, 5, 6, 8, 9, 6, 4, 2, 1, 0, 0)
KINDS = (
    (
        "parcel",
        62,
        "Your parcel {n} arrives today between {h}:00 and {end}:00: https://track.example.com/p/{n}?lang=en",
    ),
    (
        "parcel",
        14,
        "お荷物 {n} を本日お届けします。 https://track.example.com/p/{n}?lang=ja ご不在の場合はこちらから。",
    ),
    (
        "pickup",
        14,
        "Parcel {n} waits for you at the shop until Saturday. Your code: https://pickup.example.com/{n} Thank you!",
    ),
    ("return", 8, "Your return {n} has arrived. See what you get back: https://www.example.com/returns/{n}"),
    ("reminder", 2, "Parcel {n} goes back tomorrow. Would another day suit you? track.example.com/again/{n}"),
)
VISITORS = (
    (70, Verdict(Visitor.PERSON, "navigate")),
    (14, Verdict(Visitor.PERSON, "in-app:line")),
    (8, Verdict(Visitor.PERSON, "browser")),
    (5, Verdict(Visitor.UNKNOWN, "no-browser")),
    (3, Verdict(Visitor.BOT, "program")),
)
DEVICES = (
    (44, Device("ios", "safari", "phone")),
    (30, Device("android", "chrome", "phone")),
    (9, Device("android", "samsung-internet", "phone")),
    (6, Device("windows", "edge", "desktop")),
    (5, Device("windows", "chrome", "desktop")),
    (4, Device("macos", "safari", "desktop")),
    (2, Device("ios", "safari", "tablet")),
)
PREVIEW = Verdict(Visitor.PREVIEW, "token:^whatsapp")
WELL, ILL = "https://hooks.example.com/clicked", "https://crm.example.net/events"


@dataclass
class Shop:
    """An account and its data so far. All in one transaction, because a commit takes longer than a simulated day."""

    session: Session
    account: Account
    chance: random.Random = field(default_factory=lambda: random.Random(7))
    number: int = 40_312

    def live(self, days: int, a_day: int, until: dt.datetime, trouble: dt.timedelta = 68 * HOUR) -> None:
        """Send about `a_day` messages a day. At the end, one of the two receivers fails for the time `trouble`."""
        sent = [(moment, self.send(moment).link) for moment in sorted(self._moments(days, a_day, until))]
        new_clicks = [click for moment, link in sent if link is not None for click in self._new_clicks(link, moment)]
        self.click([click for click in new_clicks if click.clicked_on < until])
        self.attempt(until, ill_since=until - trouble)
        demo_sendings.add(self.session, self.account.id, until, self.chance)

    def send(self, moment: dt.datetime, **fields: object) -> Preprocessed:
        """Preprocess a message at that time."""
        self.number += self.chance.randint(1, 9)
        tag, _, text = self.chance.choices(KINDS, [weight for _, weight, _ in KINDS])[0]
        hour = min(moment.hour + 2, 20)
        order = {
            "message": text.format(n=self.number, h=hour, end=hour + 2),
            "lt_callbackurl": ILL if tag in {"pickup", "return"} else WELL,
            "client_tag": f"order-{self.number}",
            "recipient": f"+447700900{self.chance.randrange(1000):03}",  # numbers that are not in use
            "tags": [tag],
            **fields,
        }
        site = services().site
        analysis = analyze(Submission.check(order, Policy()), self.account, site)
        return store(self.session, self.account, analysis, site, now=moment)

    def click(self, new_clicks: list[NewClick]) -> None:
        """Record clicks."""
        record.record_all(self.session.connection(), new_clicks, services().slugs)

    def attempt(self, until: dt.datetime, ill_since: dt.datetime) -> None:
        """Attempt every callback when it is due, in order of time."""
        waits = services().settings.callback_waits
        due = select(func.min(Callback.due_on)).where(Callback.settled_on.is_(None))
        while (now := self.session.scalar(due)) is not None and now <= until:
            for one in CALLBACKS.claim(self.session, now=now, limit=16, lease=LEASE, per_destination=16):
                answer = self._answer(ill=one.loaded.url == ILL and now >= ill_since)
                ended = now + dt.timedelta(microseconds=answer.total_us or 0)
                CALLBACKS.settle(
                    self.session, [(one, judge(answer))], now=ended, waits=waits, chance=self.chance.random
                )

    def _moments(self, days: int, a_day: int, until: dt.datetime) -> Iterator[dt.datetime]:
        midnight = until.replace(hour=0, minute=0, second=0, microsecond=0)
        for day in range(days):
            for hour in self.chance.choices(range(24), DAYTIME, k=a_day + self.chance.randint(-a_day // 5, a_day // 5)):
                moment = (
                    midnight - day * DAY + hour * HOUR + self.chance.randrange(3_600_000) * dt.timedelta(milliseconds=1)
                )
                if moment < until - 2 * MINUTE:
                    yield moment

    def _new_clicks(self, link: StoredLink, sent: dt.datetime) -> Iterator[NewClick]:
        """Yield clicks: sometimes a preview first, then three of four people, most within minutes, some again."""
        if self.chance.random() < 0.3:
            yield self._new_click(link, PREVIEW, sent + dt.timedelta(seconds=self.chance.uniform(1, 4)))
        if self.chance.random() < 0.74:
            moment = sent + dt.timedelta(minutes=self.chance.lognormvariate(2.3, 1.4))
            for _ in range(self.chance.choice((1, 1, 1, 2, 3))):
                [verdict] = self.chance.choices([verdict for _, verdict in VISITORS], [share for share, _ in VISITORS])
                yield self._new_click(link, verdict, moment)
                moment += dt.timedelta(minutes=self.chance.lognormvariate(3.5, 1))

    def _new_click(self, link: StoredLink, verdict: Verdict, moment: dt.datetime) -> NewClick:
        """Click a live link at that time."""
        resolved = Resolved(
            link_id=link.id,
            location=link.target,
            live=True,
            off=False,
            accessed=False,
            count_as_click=self.account.count_as_click,
            now=moment,
        )
        device = NO_DEVICE
        if verdict.visitor in HOLDERS:
            [device] = self.chance.choices([each for _, each in DEVICES], [share for share, _ in DEVICES])
            device = device._replace(app="line") if verdict.reason == "in-app:line" else device
        return NewClick.of(resolved, verdict, device=device)

    def _answer(self, *, ill: bool) -> Answer:
        """Return a receiver's answer. A healthy receiver is occasionally slow."""
        took = int(self.chance.lognormvariate(11.3, 0.4))
        if ill:
            return _answered(503, "answered 503", b"maintenance", took)
        if self.chance.random() < 0.05:
            return Answer(
                AttemptOutcome.TIMEOUT,
                None,
                "no answer within 15 seconds",
                lookup_us=took // 9,
                connect_us=took // 3,
                total_us=15_000_000,
            )
        return _answered(200, "answered 200", b"ok", took)


def _answered(status: int, detail: str, body: bytes, took: int) -> Answer:
    return Answer(AttemptOutcome.ANSWERED, status, detail, body, None, took // 9, took // 3, took - 400, took)


def opened(session: Session, name: str, now: dt.datetime) -> Shop:
    """Create an account, and return it as a shop."""
    senders.create(session, name, secret_key=services().settings.secret_keys[0], now=now)
    return Shop(session, senders.named(session, name))
