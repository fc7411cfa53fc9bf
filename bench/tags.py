"""Measure the pages of tags and the totals of lists with up to ten million messages.

Creates messages with one link each in SQL, a third of them clicked, half of these within minutes and some after days:
campaigns of 10,000, 100,000 and 1,000,000 messages within three hours each, 50 to 100 days ago; one of `--burst`
messages in the last three hours; all others spread over 400 days, with one tag that all have and twenty that take
turns. Then lets the job count totals, and opens pages in turn. Prints medians, and how long the job took.

    python bench/tags.py
    python bench/tags.py --links 10000000 --burst 1000000 --database sqlite

The rows are in a temporary folder (`TMPDIR`), which is deleted at the end; ten million need about 5 GB.
"""

import argparse
import datetime as dt
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from urllib.parse import urlencode

import grow
from due_callbacks import KINDS, SECRET_KEY, database
from due_callbacks import settings as settings_of

from shortener import create_app
from shortener.accounts import senders
from shortener.reporting import hour_totals, tag_totals
from shortener.storage import db
from tests.support.browsing import Browser, make_person

ROUNDS = 7  # the first only warms up
HOUR, DAY = 3_600_000_000, 86_400_000_000  # microseconds, as times are stored
KEPT = 399  # days
SIZES = (10_000, 100_000, 1_000_000)
SPREAD = "'[\"all\",\"turn ' || (i % 20) || '\"]'"
ROWS = (
    """INSERT INTO message (id, account_id, msgid, received_on, track_link, detection, bare_domains, count_as_click,
       recipient, tags)
       SELECT i, 1, {digits}, {received}, {true}, 'strict', 'careful', 'person_or_unknown',
       '+8190' || (10000000 + i), {tags} {from}""",
    """INSERT INTO link (id, message_id, position, number, base_url, target, starts_at, ends_at, expires_on,
       count_as_click, accessed_on)
       SELECT i, i, 1, {scattered}, 'https://s.example.com', 'https://shop.example.com/track?id=' || i, 21, 55,
       {received} + 90 * {day}, 'person_or_unknown',
       CASE WHEN i % 3 = 0 AND {received} + {took} < {now} THEN {received} + {took} END {from}""",
)


def main() -> int:
    """Measure each database."""
    args = _arguments()
    for kind in args.database or KINDS:
        with database(kind) as url:
            app = create_app(settings_of(url, worker="off"))
            with app.app_context():
                with db.write() as session:
                    senders.create(session, "bench", secret_key=SECRET_KEY, now=db.now(session))
                _took(f"{kind}: made {args.links:,} messages", lambda url=url, kind=kind: _fill(kind, url, args))
                _count()
                make_person("bench", account="bench")
                person = Browser(app)
                person.sign_in("bench")
                _print(kind, person, args)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", choices=KINDS, action="append")
    parser.add_argument("--links", type=int, default=1_000_000)
    parser.add_argument("--burst", type=int, default=100_000, help="messages of the last three hours")
    return parser.parse_args()


def _fill(kind: str, url: str, args: argparse.Namespace) -> None:
    with grow._raw(url) as run:
        for first, last, begin, step, tags in _campaigns(args.links, args.burst, time.time_ns() // 1000):
            for piece in range(first, last + 1, grow.PIECE):
                _insert(
                    run, kind, (piece, min(piece + grow.PIECE - 1, last)), f"({begin} + (i - {first}) * {step})", tags
                )
        if kind == "postgresql":
            return
        run("ANALYZE")


def _campaigns(links: int, burst: int, now: int) -> Iterator[tuple[int, int, int, int, str]]:
    """Yield the first and the last id of messages, the time of the first, the time between two, and their tags."""
    last = 0
    for place, size in enumerate(size for size in SIZES if size <= links // 4):
        begin = now // HOUR * HOUR - (100 - 25 * place) * DAY
        yield last + 1, last + size, begin, 3 * HOUR // size, f'\'["all","{size}"]\''
        last += size
    rest = links - burst - last
    yield last + 1, last + rest, now - KEPT * DAY, (KEPT * DAY - 3 * HOUR) // rest, SPREAD
    yield last + rest + 1, links, now - 3 * HOUR, 3 * HOUR // burst, '\'["all","burst"]\''


def _insert(run: Callable[[str], object], kind: str, ids: tuple[int, int], received: str, tags: str) -> None:
    words, (first, last) = grow.DIALECT[kind], ids
    scattered = f"((i * {grow.SCATTER}) & {grow.BITS})"
    for template in ROWS:
        text = template.format(
            digits=words["digits"].format(scattered),
            received=received,
            took=grow.TOOK,
            now=time.time_ns() // 1000,
            day=DAY,
            scattered=scattered,
            tags=tags if kind == "sqlite" else f"({tags})::json",
            true=words["true"],
            **{"from": words["from"].format(first=first, last=last)},
        )
        run(f"{words['numbers'].format(first=first, last=last)} {text}")


def _count() -> None:
    hour_totals.claim_run(dt.timedelta())
    _took("counted the busy hours of the last day", lambda: sum(tag_totals.count_young_hours()))
    _took("counted all other hours", lambda: sum(hour_totals.count_hours(time.sleep)))


def _took(what: str, work: Callable[[], object]) -> None:
    began, began_cpu = time.perf_counter(), time.process_time()
    work()
    took, cpu = time.perf_counter() - began, time.process_time() - began_cpu
    print(f"{what} in {took:.1f} s, {cpu:.1f} s of them processor time here", file=sys.stderr, flush=True)


def _pages(args: argparse.Namespace) -> dict[str, str]:
    names = [*(str(size) for size in SIZES if size <= args.links // 4), "burst", "all", "turn 7", "nobody"]
    pages = {f"tag “{name}”": f"/dashboard/tags/{name}" for name in names}
    now = dt.datetime.now(dt.UTC)
    for days in (30, 399):
        asked = urlencode({"from": f"{now - dt.timedelta(days=days):%Y-%m-%dT%H:%M}"})
        pages[f"list of tags, {days} days"] = f"/dashboard/tags?{asked}"
    lists = ("", "?tag=all", "?tag=burst", "?clicked=false", "?tag=burst&clicked=true", "?recipient=x", "?text=burst")
    return pages | {f"messages{name}": f"/dashboard/messages{name}" for name in lists}


def _print(kind: str, person: Browser, args: argparse.Namespace) -> None:
    times: dict[str, list[tuple[float, float]]] = {}
    for turn in range(ROUNDS):
        for name, path in _pages(args).items():
            began, began_cpu = time.perf_counter(), time.process_time()
            if (page := person.open(path)).status != 200 or page.title == "Sign in":
                raise RuntimeError(f"{path} was answered {page.status}")
            if turn:
                times.setdefault(name, []).append((time.perf_counter() - began, time.process_time() - began_cpu))
    print(f"\n| {kind}, {args.links:,} messages | median | of it processor time here |\n|---|---|---|")
    for name, found in times.items():
        whole, cpu = (statistics.median(each) * 1000 for each in zip(*found, strict=True))
        print(f"| {name} | {whole:.0f} ms | {cpu:.0f} ms |")
    print(flush=True)


if __name__ == "__main__":
    sys.exit(main())
