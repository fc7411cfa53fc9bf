"""Measure how often the visitor rules agree with published sets of User-Agents.

    python bench/visitors.py            print the tables
    python bench/visitors.py --write    put them into docs/visitors-figures.md
    python bench/visitors.py --labelled score only our own labelled agents, and list the errors; needs no other set
    python bench/visitors.py --time     measure the microseconds per verdict on this machine

The sets are read from the folder that SHORTENER_CORPORA names, or from ../shared/corpora beside the checkout. Each is a
JSON Lines file in user-agents/, one object per line: `ua`, and what the source says about it (`class`, `type`, `name`,
`family`, `category`, `tags`, `headers`).
"""

import argparse
import json
import os
import re
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from shortener.rules.visitors import visitor  # noqa: E402  # the checkout is on the path from here on
from shortener.rules.visitors.visitor import Verdict, Visitor  # noqa: E402

CORPORA = Path(os.environ.get("SHORTENER_CORPORA", ROOT.parent / "shared" / "corpora"))
AGENTS = CORPORA / "user-agents"
LABELLED = ROOT / "tests" / "rules" / "labelled_agents.jsonl"
DOCUMENT = ROOT / "docs" / "visitors-figures.md"
GUIDE = ROOT / "docs" / "integrate" / "visitors.md"
BEGIN, END = "<!-- figures: begin, made by bench/visitors.py -->", "<!-- figures: end -->"

# The User-Agent of a plain browser, without any additions.
PLAIN = re.compile(
    r"Mozilla/5\.0 \([^()]*\) (AppleWebKit/[\d.]+ \(KHTML, like Gecko\)"
    r"( (Version|Chrome|CriOS|Mobile|Safari|Edg)(/\w[\w.]*)?)+|Gecko/[\d.]+ Firefox/[\d.]+)\Z"
)

TARGET = 0.001  # of all browser agents, at most this share may be called machines
PROGRAMS_TARGET = 0.05  # of other programs, at most this share may count as clicks
COUNTED = frozenset({Visitor.PERSON, Visitor.UNKNOWN})  # what counts as a click unless the sender asks otherwise
MACHINES = frozenset({Visitor.PREVIEW, Visitor.BOT, Visitor.SCANNER})
BROWSER, APP, PROGRAM, BOT, OTHER = "browser", "app", "library or feed reader", "bot", "not said"


class Kind(NamedTuple):
    """A kind of agent or of disagreement: its title, its reason, and a test for it."""

    name: str
    why: str
    test: Callable[["Item"], object]


@dataclass(frozen=True)
class Label:
    """One agent of our own labelled set, with the correct classes and the class that the rules give."""

    agent: str
    kind: str
    held_out: bool
    classes: frozenset[Visitor]
    verdict: Verdict

    @property
    def right(self) -> bool:
        """Whether the class is one of the correct ones."""
        return self.verdict.visitor in self.classes

    @property
    def counted_right(self) -> bool:
        """Whether it counts as a click exactly if it should."""
        return (self.verdict.visitor in COUNTED) == bool(self.classes & COUNTED)


def labels() -> list[Label]:
    """Return our own labelled agents with the rules' verdicts."""
    rows = map(json.loads, LABELLED.read_text("utf-8").splitlines())
    return [
        Label(
            agent=row["agent"],
            kind=row["kind"],
            held_out=row["half"] == "held_out",
            classes=frozenset(map(Visitor, row["classes"])),
            verdict=visitor.classify(row["agent"], {}, visitor.default_rules()),
        )
        for row in rows
    ]


@dataclass(frozen=True)
class Item:
    """One agent of one source, with what the source says and what the rules say."""

    id: str
    file: str
    agent: str
    label: str
    group: str
    preview: bool
    headers: dict[str, str]
    verdict: Verdict

    @property
    def machine(self) -> bool:
        """Whether the rules call it a preview, a bot or a scanner."""
        return self.verdict.visitor in MACHINES


def matches(pattern: str) -> Callable[[Item], object]:
    """Return a case-insensitive test of the agent."""
    compiled = re.compile(pattern, re.IGNORECASE)
    return lambda item: compiled.search(item.agent)


def headless_by_header(item: Item) -> bool:
    """Whether a client hint names a browser without a window."""
    return "headless" in item.headers.get("sec-ch-ua", "").lower()


# Agents that a source calls browsers, although they say themselves that they show no page.
NOT_A_PAGE = (
    Kind(
        "an app's own request",
        "The agent names the network library of iOS, macOS or Android and no engine: the app of a browser or messenger "
        "fetched something by itself (an icon, a feed, a preview). Pages in the same app have another agent.",
        matches(r"CFNetwork|Cronet/|MozacFetch|Sonos|^(?!.*AppleWebKit).*Dalvik/"),
    ),
    Kind(
        "a browser driven by a program",
        "Headless Chrome and Edge, PhantomJS, Splash: nobody looks at the page.",
        lambda item: matches(r"Headless|PhantomJS|\) splash ")(item) or headless_by_header(item),
    ),
    Kind(
        "Office checking that a link exists",
        "Sent by Word, PowerPoint or Outlook before they open the browser, which then comes with its own agent.",
        matches(r"compatible; ms-office|^Microsoft Office/"),
    ),
    Kind(
        "a library",
        "A .NET library called SimpleBrowser, with the URL of its source code.",
        matches(r"^SimpleBrowser"),
    ),
)

HALF_BROWSERS = (
    Kind(
        "an app's own request, no library named",
        "The agent names an app and a phone, but no engine; it may be the app's window or its code, hence `unknown`.",
        matches(r"iPhone|iOS|Android|Lumia|FB4A|Sonos|fubo|Xumo|QuickTime|Earth|GOG|Office"),
    ),
    Kind(
        "a rare or old browser",
        "It names no known engine; `unknown` counts by default, so no click is missed.",
        lambda item: True,
    ),
)

HALF_BOTS = (
    Kind(
        "a monitor or a page test",
        "A product's name, alone or after a browser's agent, without a general mark. It visits the pages of its "
        "owner, not the links in somebody's message.",
        lambda item: re.search(r"monitor|automation|service agent|benchmark|validator", item.group, re.IGNORECASE),
    ),
    Kind(
        "a security scanner for sites",
        "It scans public hosts. Scanners that check the links in mail and identify themselves are in the list.",
        lambda item: re.search(r"scanner|security", item.group, re.IGNORECASE),
    ),
    Kind(
        "search, marketing, AI, archives",
        "It follows public links, not private ones. Each further token could also match a person.",
        lambda item: re.search(
            r"seo|search|advert|ai[ -]|archiv|crawler|academic|feed|bot$|http-library", item.group, re.IGNORECASE
        ),
    ),
    Kind("no category given", "As above; some are a person's tool, such as a code editor.", lambda item: True),
)


def items() -> list[Item]:
    """Return every agent of every file with the rules' verdict."""
    rows = list(_rows())
    names = {row["name"].lower() for _, row in rows if "name" in row and _said(row) == BROWSER}
    return [_item(file, row, names) for file, row in rows]


def _rows() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in sorted(AGENTS.glob("*.jsonl")):
        for line in path.read_text("utf-8").splitlines():
            yield path.stem, json.loads(line)


def _item(file: str, row: dict[str, Any], browsers: set[str]) -> Item:
    label = _said(row)
    if label == OTHER and row.get("family", "").lower() in browsers:
        label = BROWSER  # a source without classes names the same browser
    headers = {name.lower(): str(value) for name, value in row.get("headers", {}).items()}
    return Item(
        id=row["id"],
        file=file,
        agent=row["ua"],
        label=label,
        group=", ".join(row.get("tags", ())) or row.get("category") or "none",
        preview=_draws_previews(row),
        headers=headers,
        verdict=visitor.classify(row["ua"], headers, visitor.default_rules()),
    )


def _said(row: dict[str, Any]) -> str:
    """Return the source's class of an agent, as one of our words."""
    if row.get("class") == "client":
        if row["type"] == "mobile app":
            return BROWSER if "AppleWebKit/" in row["ua"] else APP  # an app that shows pages
        return BROWSER if row["type"] == "browser" else PROGRAM
    said = row.get("class") or row.get("category")
    if said in ("browser", "in-app browser", "pc", "smartphone", "mobilephone", "appliance"):
        return BROWSER
    if said == "misc":
        return PROGRAM
    return BOT if said in ("bot", "crawler") else OTHER


def _draws_previews(row: dict[str, Any]) -> bool:
    """Whether the source files the agent under those that fetch a link to show it: messengers and social networks."""
    if _said(row) != BOT:
        return False
    named = f"{row.get('name', '')} {row.get('pattern', '')}".lower()
    return (
        "social-preview" in row.get("tags", ())
        or row.get("category") == "Social Media Agent"
        or "preview" in named
        or row["source"].startswith("quoted in public")
    )


def figures(found: list[Item]) -> str:
    """Return the tables as Markdown."""
    return "\n\n".join(
        [
            _browsers(found),
            _previews(found),
            _bots(found),
            _labelled(labels()),
            _disagreements(found),
        ]
    )


def pages(found: Iterable[Item]) -> list[Item]:
    """The agents that a source calls a browser, without those that are no page by their own words."""
    return [item for item in found if item.label == BROWSER and not _kind(item, NOT_A_PAGE)]


def previews(found: Iterable[Item]) -> list[Item]:
    """The agents that a source calls a preview fetcher, without those that send a plain browser's agent."""
    return [item for item in found if item.preview and not PLAIN.match(item.agent)]


def _kind(item: Item, kinds: Iterable[Kind]) -> str:
    return next((kind.name for kind in kinds if kind.test(item)), "")


def _browsers(found: list[Item]) -> str:
    rows = []
    for file, group in _by_file(found, lambda item: item.label == BROWSER):
        apart = [item for item in group if _kind(item, NOT_A_PAGE)]
        left = pages(group)
        machines = [item for item in left if item.machine]
        unknown = sum(item.verdict.visitor is Visitor.UNKNOWN for item in left)
        rows.append([file, len(group), len(apart), len(left), unknown, len(machines)])
    total = ["**all**", *(sum(int(row[column]) for row in rows) for column in range(1, 6))]
    called = sum(item.machine for item in found if item.label == BROWSER)
    return (
        "## Browsers that are called machines\n\n"
        + _table(["file", "browsers", "not a page", "left", "unknown", "machine"], [*rows, total])
        + f"\n\nOf {total[3]} agents that show pages, {total[5]} are called machines "
        f"({_share(int(total[5]), int(total[3]))}; target: at most {TARGET:.1%}). "
        f"Of all {total[1]} that a source calls browsers, {called} are called machines. {total[2]} of them say "
        "themselves that they show no page:\n\n" + _kinds([item for item in found if item.label == BROWSER], NOT_A_PAGE)
    )


def _previews(found: list[Item]) -> str:
    rows = []
    for file, group in _by_file(found, lambda item: item.preview):
        classes = Counter(item.verdict.visitor for item in group)
        other = classes[Visitor.BOT] + classes[Visitor.SCANNER]
        rows.append([file, len(group), classes[Visitor.PREVIEW], other, len(group) - classes[Visitor.PREVIEW] - other])
    total = ["**all**", *(sum(int(row[column]) for row in rows) for column in range(1, 5))]
    told = previews(found)
    plain = sum(item.preview for item in found) - len(told)
    return (
        "## Preview fetchers that are found\n\n"
        + _table(["file", "fetchers", "as preview", "as bot or scanner", "missed"], [*rows, total])
        + f"\n\nOf {len(told)} that do not send a plain browser's agent, "
        f"{sum(item.machine for item in told)} are found; {plain} send one."
    )


def _bots(found: list[Item]) -> str:
    rows = []
    for file, group in _by_file(found, lambda item: item.label in (BOT, PROGRAM) and not item.preview):
        classes = Counter(item.verdict.visitor for item in group)
        rows.append(
            [file, len(group), *(classes[each] for each in (*MACHINES_IN_ORDER, Visitor.UNKNOWN, Visitor.PERSON))]
        )
    total = ["**all**", *(sum(int(row[column]) for row in rows) for column in range(1, 7))]
    counted = int(total[5]) + int(total[6])
    return (
        "## Other programs\n\n"
        + _table(["file", "programs", "preview", "bot", "scanner", "unknown", "person"], [*rows, total])
        + f"\n\nOf {total[1]} programs, {counted} count as clicks by default "
        f"({_share(counted, int(total[1]))}; target: at most {PROGRAMS_TARGET:.0%})."
    )


def _labelled(found: list[Label]) -> str:
    kinds = list(dict.fromkeys(label.kind for label in found))
    rows: list[list[Any]] = [[kind, *_scores(label for label in found if label.kind == kind)] for kind in kinds]
    rows.append(["**all**", *_scores(found)])
    head = ["kind", "agents", "right class", "counted correctly", "held out", "of these right"]
    return "## Our own labelled agents\n\n" + _table(head, rows)


def _scores(found: Iterable[Label]) -> list[int]:
    group = list(found)
    held_out = [label for label in group if label.held_out]
    return [
        len(group),
        sum(label.right for label in group),
        sum(label.counted_right for label in group),
        len(held_out),
        sum(label.right for label in held_out),
    ]


MACHINES_IN_ORDER = (Visitor.PREVIEW, Visitor.BOT, Visitor.SCANNER)


def _disagreements(found: list[Item]) -> str:
    left = pages(found)
    programs = [item for item in found if item.label in (BOT, PROGRAM)]
    parts = [
        ("A source says browser, the rules say machine", [item for item in left if item.machine], HALF_BROWSERS),
        (
            "A source says browser, the rules say unknown",
            [item for item in left if item.verdict.visitor is Visitor.UNKNOWN],
            HALF_BROWSERS,
        ),
        (
            "A source says program, the rules say person",
            [item for item in programs if item.verdict.visitor is Visitor.PERSON],
            HALF_BOTS,
        ),
        (
            "A source says program, the rules say unknown",
            [item for item in programs if item.verdict.visitor is Visitor.UNKNOWN],
            HALF_BOTS,
        ),
    ]
    return "## Every other kind of disagreement\n\n" + "\n\n".join(
        f"**{title}: {len(group)}**" + ("\n\n" + _kinds(group, kinds) if group else "") for title, group, kinds in parts
    )


def _by_file(found: list[Item], wanted: Callable[[Item], bool]) -> Iterator[tuple[str, list[Item]]]:
    groups: dict[str, list[Item]] = defaultdict(list)
    for item in found:
        if wanted(item):
            groups[item.file].append(item)
    yield from sorted(groups.items())


def _kinds(found: list[Item], kinds: Iterable[Kind]) -> str:
    """Return a row for each kind that occurs, with the ids of three examples."""
    groups: dict[str, list[Item]] = defaultdict(list)
    for item in found:
        groups[_kind(item, kinds)].append(item)
    rows = [
        [kind.name, len(groups[kind.name]), kind.why, ", ".join(f"`{item.id}`" for item in groups[kind.name][:3])]
        for kind in kinds
        if groups[kind.name]
    ]
    return _table(["kind", "n", "why", "examples by id"], rows)


def _table(head: list[str], rows: list[list[Any]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.3%}" if whole else "none"


def written(document: str, tables: str) -> str:
    """Return `document` with `tables` between its two marks."""
    before, rest = document.split(BEGIN, 1)
    return f"{before}{BEGIN}\n\n{tables}\n\n{END}{rest.split(END, 1)[1]}"


def speed(found: list[Item]) -> str:
    """Print the microseconds per verdict, for agents seen before and for new agents."""
    agents = list(dict.fromkeys(item.agent for item in found if item.label == BROWSER))[:1000]
    headers = {"sec-fetch-mode": "navigate", "accept-language": "en"}
    rules = visitor.default_rules()
    never = min(_seconds(agents, headers, fresh) for fresh in (visitor.parse_rules("", rules) for _ in range(5)))
    again = min(_seconds(agents, headers, rules) for _ in range(5))
    return (
        f"{len(agents)} agents: {never / len(agents) * 1e6:.1f} µs never seen, {again / len(agents) * 1e6:.1f} µs again"
    )


def _seconds(agents: list[str], headers: dict[str, str], rules: visitor.Rules) -> float:
    start = time.perf_counter()
    for agent in agents:
        visitor.classify(agent, headers, rules)
    return time.perf_counter() - start


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Agreement of the visitor rules with published user agents.")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/visitors-figures.md")
    parser.add_argument("--labelled", action="store_true", help="score only our own labelled agents")
    parser.add_argument("--time", action="store_true", help="measure how long a verdict takes")
    options = parser.parse_args()
    if options.labelled:
        found_labels = labels()
        print(_labelled(found_labels))
        for label in found_labels:
            if not label.right:
                print(f"wrong: {label.verdict.visitor} ({label.verdict.reason}): {label.agent}")
        return
    if not AGENTS.is_dir():
        parser.exit(2, f"{AGENTS} is not there; name the folder in SHORTENER_CORPORA\n")
    found = items()
    if options.time:
        print(speed(found))
    elif options.write:
        DOCUMENT.write_text(written(DOCUMENT.read_text("utf-8"), figures(found)), "utf-8")
    else:
        print(figures(found))


if __name__ == "__main__":
    main()
