"""Measure how often link detection is right, on messages labelled by hand and on published sets, and how long it takes.

    python bench/detection.py                print the tables
    python bench/detection.py --write        put them into docs/detection-figures.md and docs/integrate/detection.md
    python bench/detection.py --reasons      put the table of reasons into docs/integrate/detection.md; needs no sets
    python bench/detection.py --differences  print every item of the published sets on which we differ

The sets are read from the folder that SHORTENER_CORPORA names, or from ../shared/corpora beside the checkout: JSON
Lines in messages/ (`id`, and `text_repaired` or `text`), url-detection/ (`text`, `links`) and url-validity/ (`url`,
`domain` or `value`, `valid`). No link in them is ever requested or resolved.
"""

import argparse
import json
import os
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from shortener.rules.links.body import find  # noqa: E402  # the checkout is on the path from here on
from shortener.rules.links.detection import Detection  # noqa: E402
from shortener.rules.links.skip_reason import SkipReason  # noqa: E402
from shortener.rules.links.target import Refusal, judge  # noqa: E402

CORPORA = Path(os.environ.get("SHORTENER_CORPORA", ROOT.parent / "shared" / "corpora"))
LABELS = ROOT / "tests" / "rules" / "labelled_messages.jsonl"
WRONG = ROOT / "bench" / "detection_wrong.jsonl"
DOCUMENT = ROOT / "docs" / "detection-figures.md"
GUIDE = ROOT / "docs" / "integrate" / "detection.md"
BEGIN, END = "<!-- figures: begin, made by bench/detection.py -->", "<!-- figures: end -->"
REASONS_BEGIN, REASONS_END = "<!-- reasons: begin, made by bench/detection.py -->", "<!-- reasons: end -->"
SHOWN = 30  # examples of what is still wrong

Span = tuple[int, int] | None

# Inputs on which detectors tend to be slow; each is repeated up to the measured length.
WORST = {
    "`a.so ` (a guess for every piece)": "a.so ",
    "`。a.jp` (a domain glued to text)": "。a.jp",
    "`http:// ` (a scheme and nothing after it)": "http:// ",
    "`[x](http://a.co/b)` (brackets in brackets)": "[x](http://a.co/b)",
    "`(a.co/b)` (one long piece)": "(a.co/b)",
    "`a@` (almost an address)": "a@",
    "`'a` (apostrophes)": "'a",
    "a sentence with a link in it": "Your parcel 123 waits: https://example.com/a?b=c (until 5.30 pm). ",
}


class Label(NamedTuple):
    """The links that a person found in one message."""

    file: str
    id: str
    draw: int
    person: Span
    strict: Span


class Score(NamedTuple):
    """The score of one mode on some of the labels."""

    messages: int
    links: int
    right: int
    missed: int
    other: int
    no_link: int


# --- reading ---------------------------------------------------------------------------------------------------------


def lines(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a JSON Lines file."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def labels() -> list[Label]:
    """All labels, of every draw."""
    return [
        Label(item["file"], item["id"], item["draw"], *(_span(item[key]) for key in ("person", "strict")))
        for item in lines(LABELS)
    ]


def _span(value: list[int] | None) -> Span:
    return (value[0], value[1]) if value else None


def labelled_texts(wanted: list[Label]) -> dict[tuple[str, str], str]:
    """Return the texts of labelled messages, which are only in the folder of the corpora."""
    ids = {(label.file, label.id) for label in wanted}
    files = sorted({label.file for label in wanted})
    return {
        (name, item["id"]): text_of(item)
        for name in files
        for item in lines(CORPORA / "messages" / name)
        if (name, item["id"]) in ids
    }


def text_of(item: dict[str, Any]) -> str:
    """A message's text as it was sent: with the colon of `http://` that its source dropped, and with the `@` of
    addresses that the same source masked as `USER.com`.
    """
    text = str(item.get("text_repaired", item["text"]))
    return text.replace("USER.", "USER@") if item.get("source") == "spamhunter" else text


def found_span(text: str, detection: str) -> Span:
    """Return the position of the rewritten link."""
    found = find(text, detection=detection).found
    return (found.start, found.end) if found else None


# --- the labelled messages -------------------------------------------------------------------------------------------


def score(wanted: list[Label], texts: dict[tuple[str, str], str], detection: str) -> Score:
    """Compare with what the label says for this mode: `person` for smart, `strict` for strict."""
    count = Counter({"messages": len(wanted)})
    for label in wanted:
        right = label.person if detection == "smart" else label.strict
        got = found_span(texts[label.file, label.id], detection)
        count["links"] += right is not None
        if right is not None:
            count["right" if got == right else "missed" if got is None else "other"] += 1
        else:
            count["no_link"] += got is not None
    return Score(*(count[field] for field in Score._fields))


def labelled_table(read: list[Label]) -> list[str]:
    """Return the scores of each draw in each mode, and of all draws together."""
    rows = [
        "| draw | mode | messages | with a link | right link | missed | another or other end | no link, rewritten |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    texts = labelled_texts(read)
    draws = {str(draw): [label for label in read if label.draw == draw] for draw in sorted({x.draw for x in read})}
    for name, wanted in (draws | {"all": read}).items():
        for detection in Detection:
            row = score(wanted, texts, detection)
            right = f"{row.right} ({row.right / row.links:.1%})"
            no_link = f"{row.no_link} ({row.no_link / row.messages:.1%})"
            cells = (name, f"`{detection}`", row.messages, row.links, right, row.missed, row.other, no_link)
            rows.append("| " + " | ".join(map(str, cells)) + " |")
    return rows


# --- the message corpora ---------------------------------------------------------------------------------------------


def stratum(text: str) -> str:
    """As the labels were drawn: U with `://` or `www.`, D with a dot between letters, R the rest."""
    if "://" in text or "www." in text.lower():
        return "U"
    return "D" if re.search(r"[0-9A-Za-z]\.[A-Za-z]", text) else "R"


def corpora_table(read: list[Label]) -> list[str]:
    """Return a table with the estimated links of each corpus and with how many are rewritten."""
    rows = [
        "| corpus | messages | with a link, about (n read) | rewritten: `strict` | `smart` | no link, `smart` |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    wrong = Counter(item["file"] for item in lines(WRONG) if item["kind"] == "no link")
    total: Counter[str] = Counter()
    for path in sorted((CORPORA / "messages").glob("*.jsonl")):
        texts = {item["id"]: text_of(item) for item in lines(path)}
        strict, smart = (sum(found_span(text, mode) is not None for text in texts.values()) for mode in Detection)
        here = [label for label in read if label.file == path.name]
        seen = _estimate(here, texts)
        counts = {"messages": len(texts), "seen": seen, "strict": strict, "smart": smart, "wrong": wrong[path.stem]}
        total.update(counts)
        about = f"{seen:,} ({len(here)})" if here else "not read"
        rows.append(f"| `{path.stem}` | {len(texts):,} | {about} | {strict:,} | {smart:,} | {wrong[path.stem]} |")
    last = (f"{total[key]:,}" for key in ("messages", "seen", "strict", "smart", "wrong"))
    rows.append("| all | " + " | ".join(last) + " |")
    return rows


def _estimate(here: list[Label], texts: dict[str, str]) -> int:
    """Estimate the messages in which a person sees a link: each stratum's labelled share times its size."""
    sizes = Counter(stratum(text) for text in texts.values())
    read, seen = Counter[str](), Counter[str]()
    for label in here:
        if label.id in texts:
            kind = stratum(texts[label.id])
            read[kind] += 1
            seen[kind] += label.person is not None
    return round(sum(size * seen[kind] / read[kind] for kind, size in sizes.items() if read[kind]))


def wrong_table() -> list[str]:
    """Return examples, alternating between the kinds; an example that is no longer wrong stops the run."""
    rows = ["| file | id | what is wrong | fragment | why |", "| --- | --- | --- | --- | --- |"]
    items = list(lines(WRONG))
    texts: dict[tuple[str, str], str] = {}
    for name in sorted({item["file"] for item in items}):
        texts |= {(name, each["id"]): text_of(each) for each in lines(CORPORA / "messages" / f"{name}.jsonl")}
    for item in items:
        text = texts[item["file"], item["id"]]
        span = found_span(text, "smart")
        taken = text[slice(*span)] if span else None
        if (taken == item["fragment"]) == (item["kind"] == "missed"):
            raise SystemExit(f"{WRONG.name}: {item['file']} {item['id']} is no longer so; take the line out")
    chosen = [
        item for kind in ("other end", "other link", "missed", "no link") for item in items if item["kind"] == kind
    ]
    rows += [
        f"| `{item['file']}` | `{item['id']}` | {item['kind']} | `{item['fragment'][:40]}` | {item['why']} |"
        for item in chosen[:SHOWN]
    ]
    return rows


# --- the published sets ----------------------------------------------------------------------------------------------

WHY_MISSED = {
    "end": "both find it, with different ends: quotes, brackets or a sign at its end, ideographs after it",
    "unseen": "bare numbers and names after a backslash or with a symbol in them are not links here",
    "separator": "`//example.com` and `http:// example.com` are refused, and nothing after a lone scheme is taken",
    "scheme": "we redirect only to http and https",
    "word": "a bare domain whose ending is a word (`it.so`) needs `www.` or a path",
    "tld": "the top-level domain does not exist: reserved, withdrawn since, or not created yet",
    "userinfo": "user names before the host are used for deception",
    "idn": "no registry accepts such a name (symbols, emoji, presentation forms)",
    "private": "recipients cannot reach it",
    "localhost": "recipients cannot reach it",
    "label": "a single word is not a public host",
    "host": "not a valid host",
    "bare": "a numeric address needs a scheme: more often it is a version number",
    "email": "an e-mail address is not a link",
    "variable": "a placeholder was left in",
    "port": "not a valid port, or an IPv6 address without brackets",
    "address": "an address in an unusual form",
    "character": "a quote, a backslash or a sign like `<` ends a link",
}
WHY_TAKEN = {
    "extra": "the source requires a scheme, a path or a space before it, or has a limit of its own",
    "option": "the source's answer depends on one of its options (a deny list, no query, a port, a length)",
    "valid": "the source has a stricter rule: no underscore, no dot at the end, no bare domain, no `-` after `?`",
}


def _detected(text: str) -> list[str]:
    """All links of a text as smart detection sees them, in order."""
    finding = find(text, detection="smart")
    spans = [(each.start, each.start + len(each.text)) for each in finding.skipped if each.reason == "later"]
    spans += [(finding.found.start, finding.found.end)] if finding.found else []
    return [text[slice(*span)] for span in sorted(spans)]


def detection_difference(item: dict[str, Any]) -> str | None:
    """The kind of the first difference from a source's links, or nothing."""
    text, theirs = item["text"], [link for link in item["links"] if not re.match(r"(mailto:)?[^/:]*@", link)]
    ours = _detected(text)
    if ours == theirs:
        return None
    missing = [link for link in theirs if link not in ours]
    extra = [link for link in ours if link not in theirs]
    if any(one in other or other in one for one in missing for other in extra):
        return "end"
    if not missing:
        return "extra"
    for each in find(text, detection="smart").skipped:
        if each.reason != "later" and (missing[0] in each.text or each.text in missing[0]):
            return each.reason
    verdict = judge(missing[0])
    return verdict.reason if isinstance(verdict, Refusal) else "unseen"


def validity_difference(item: dict[str, Any]) -> str | None:
    """The kind of a difference from a source's verdict, or nothing."""
    text = next(item[key] for key in ("url", "domain", "value") if key in item)
    verdict = judge(text, bare_domains="any")
    if isinstance(verdict, Refusal) != bool(item["valid"]):
        return None
    if isinstance(verdict, Refusal):
        return verdict.reason
    return "option" if item.get("options") else "valid"


def agreement(folder: str, detail: bool) -> list[str]:
    """Return a row for each set (items, agreements, kinds of difference), then the meaning of each kind."""
    differs = detection_difference if folder == "url-detection" else validity_difference
    rows = ["| set | items | same | differences by kind |", "| --- | ---: | ---: | --- |"]
    seen: Counter[str] = Counter()
    for path in sorted((CORPORA / folder).glob("*.jsonl")):
        items = [item for item in lines(path) if "valid" in item or isinstance(item.get("links"), list)]
        kinds = Counter(kind for item in items if (kind := differs(item)))
        seen.update(kinds)
        if detail:
            print("\n".join(f"{path.stem} {item['id']} {kind}" for item in items if (kind := differs(item))))
        named = ", ".join(f"{kind} {count}" for kind, count in kinds.most_common())
        rows.append(f"| `{path.stem}` | {len(items)} | {len(items) - kinds.total()} | {named} |")
    why = WHY_MISSED | WHY_TAKEN
    rows += ["", "| kind | items | why |", "| --- | ---: | --- |"]
    rows += [
        f"| {kind} | {count} | {why.get(kind) or SkipReason(kind).sentence} |" for kind, count in seen.most_common()
    ]
    return rows


# --- time ------------------------------------------------------------------------------------------------------------


def time_table() -> list[str]:
    """Measure the hardest known inputs at three lengths."""
    sizes = (1_000, 10_000, 100_000)
    rows = ["| input, repeated | mode | 1,000 | 10,000 | 100,000 characters |", "| --- | --- | ---: | ---: | ---: |"]
    for name, unit in WORST.items():
        for detection in Detection:
            times = [_milliseconds((unit * size)[:size], detection) for size in sizes]
            rows.append(f"| {name} | `{detection}` | " + " | ".join(f"{each:.1f} ms" for each in times) + " |")
    return rows


def _milliseconds(text: str, detection: str) -> float:
    def once() -> float:
        start = time.perf_counter()
        find(text, detection=detection)
        return (time.perf_counter() - start) * 1_000

    return min(once() for _ in range(3))


# --- the document ----------------------------------------------------------------------------------------------------


def report(detail: bool) -> str:
    """All tables."""
    read = labels()
    parts = [
        ["## Messages labelled by reading", "", *labelled_table(read)],
        ["## What becomes of each corpus", "", *corpora_table([label for label in read if label.draw in (1, 5, 6, 7)])],
        ["## What is still wrong", "", *wrong_table()],
        ["## Agreement with published sets of texts", "", *agreement("url-detection", detail)],
        ["## Agreement with published sets of URLs", "", *agreement("url-validity", detail)],
        ["## Time", "", *time_table()],
    ]
    return "\n\n".join("\n".join(part) for part in parts)


def reasons_table() -> str:
    """Each reason why a link was skipped, with its sentence."""
    rows = [f"| `{reason}` | {reason.sentence} |" for reason in SkipReason]
    return "\n".join(["| reason | what it says |", "| --- | --- |", *rows])


def write(path: Path, tables: str, begin: str, end: str) -> None:
    """Write tables between two marks of a page."""
    before, mark, rest = path.read_text("utf-8").partition(begin)
    _old, last, after = rest.partition(end)
    if not mark or not last:
        raise SystemExit(f"{path} has no place for the tables")
    path.write_text(f"{before}{begin}\n\n{tables}\n\n{end}{after}", "utf-8")


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="How far link detection agrees with labels, published sets and time.")
    parser.add_argument("--write", action="store_true", help="put the tables into their pages of docs")
    parser.add_argument("--reasons", action="store_true", help="put the table of reasons into its page; needs no sets")
    parser.add_argument("--differences", action="store_true", help="print every item on which we differ")
    given = parser.parse_args()
    if given.reasons or given.write:
        write(GUIDE, reasons_table(), REASONS_BEGIN, REASONS_END)
    if given.reasons:
        return
    if not CORPORA.is_dir():
        parser.error("no corpora: set SHORTENER_CORPORA")
    figures = report(given.differences)
    if given.write:
        write(DOCUMENT, figures, BEGIN, END)
    else:
        print(figures)


if __name__ == "__main__":
    main()
