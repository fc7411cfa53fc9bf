"""Send every message of a folder of JSON Lines files (field `text`) through a running server, and check each answer.

    python bench/corpora.py                      an instance of its own, the folder $SHORTENER_CORPORA/messages
    python bench/corpora.py FOLDER               the same with another folder
    python bench/corpora.py --url http://127.0.0.1:8000 --sid SID --token TOKEN FOLDER
    python bench/corpora.py --write              put the table into docs/corpora.md as well

A fault is a defect of the product: each is printed, and the exit code is 1. Checked for every message:

- the answer is 201; or a refusal if the text is empty, longer than 10,000 characters, or contains NUL or half of a
  surrogate pair (`refused`); never 5xx;
- everything outside the rewritten link equals the sent text, byte for byte; without a link, all of it;
- HEAD of the shortlink answers 302, and its `Location` is the ASCII form of the reported link, computed again here;
- no slug is used twice;
- each piece between spaces, tabs and line ends that begins with `http://` or `https://`, and ends before the rewritten
  link or stands in a message without one, is in `skipped` with a reason, in the order of the text.

No link of a message is ever requested or resolved: only the server under test is contacted.
"""

import argparse
import base64
import contextlib
import http.client
import json
import os
import platform
import re
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import idna
from instance import Instance, running

ROOT = Path(__file__).resolve().parent.parent
CORPORA = Path(os.environ.get("SHORTENER_CORPORA", ROOT.parent / "shared" / "corpora"))
DOCUMENT = ROOT / "docs" / "corpora.md"
BEGIN, END = "<!-- table: begin, made by bench/corpora.py -->", "<!-- table: end -->"
LONGEST = 10_000  # characters of a message
UNSTORABLE = re.compile("[\0\ud800-\udfff]")
CONNECTIONS = 4
SHOWN = 20  # faults printed in full
PIECE = re.compile("[^ \\t-\\r]+")
WEB = re.compile("https?://", re.I)
LINK = re.compile(r"(https?://)([^/?#:]*|\[[^\]]*\])(:[0-9]+)?([/?#].*)?", re.I)
SLUG = re.compile(r"/([A-Za-z0-9]{10})")
ASCII = "".join(map(chr, range(0x21, 0x7F)))


@dataclass(slots=True)
class Row:
    """The results for the messages of one file."""

    name: str
    messages: int = 0
    refused: int = 0
    rewritten: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def add(self, other: "Row") -> None:
        """Add another row's numbers."""
        self.messages += other.messages
        self.refused += other.refused
        self.rewritten += other.rewritten
        self.skipped += other.skipped
        self.faults += other.faults
        self.seconds += other.seconds


class Server:
    """The server under test, with one open connection per thread."""

    def __init__(self, instance: Instance) -> None:
        self._address = urlsplit(instance.url)
        credentials = base64.b64encode(f"{instance.sid}:{instance.token}".encode()).decode()
        self._headers = {"Authorization": f"Basic {credentials}", "Content-Type": "application/json"}
        self._kept = threading.local()

    def preprocess(self, text: str, detection: str) -> tuple[int, dict[str, Any]]:
        """Send the text to `POST /v1/messages`; return status and document."""
        body = json.dumps({"message": text, "detection": detection, "track_link": True}).encode()
        status, _, answer = self._ask("POST", "/v1/messages", body, self._headers)
        return status, json.loads(answer)

    def head(self, path: str) -> tuple[int, str | None]:
        """Return status and `Location` of a HEAD request, which records no click."""
        status, headers, _ = self._ask("HEAD", path, None, {})
        return status, headers.get("Location")

    def _ask(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        connection = self._connection()
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()

    def _connection(self) -> http.client.HTTPConnection:
        if not hasattr(self._kept, "connection"):
            kind = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}[self._address.scheme]
            self._kept.connection = kind(self._address.netloc, timeout=60)
        kept: http.client.HTTPConnection = self._kept.connection
        return kept


class Check:
    """Sends messages and checks the answers; remembers the slugs of the whole run."""

    def __init__(self, server: Server, detection: str) -> None:
        self._server = server
        self._detection = detection
        self._slugs: set[str] = set()

    def message(self, text: str) -> Row:
        """Send and check one message; return its results as a row."""
        row = Row(name="", messages=1)
        try:
            status, answer = self._server.preprocess(text, self._detection)
            if not storable(text):
                row.refused = 1
                row.faults = [] if status in (413, 422) else [f"{status} for a text of {len(text)} characters"]
            elif status != 201:
                row.faults = [f"{status} {answer}"]
            else:
                row.rewritten = int(answer["link_tracking"] is not None)
                row.skipped.update(skipped["reason"] for skipped in answer["skipped"])
                row.faults = list(self._faults(text, answer))
        except (OSError, http.client.HTTPException, ValueError, LookupError) as error:
            row.faults = [f"unreadable answer: {error!r}"]
        return row

    def _faults(self, text: str, answer: dict[str, Any]) -> Iterator[str]:
        tracking, rewritten = answer["link_tracking"], answer["message"]
        if answer["links"] != ([tracking] if tracking else []):
            yield "`links` and `link_tracking` disagree"
        start = len(text)
        if tracking is None:
            if rewritten != text:
                yield f"no link, but the text was changed to {rewritten!r}"
        else:
            start = place(text, rewritten, tracking)
            if start < 0:
                yield f"the text outside the link was changed: {rewritten!r}, {tracking}"
            yield from self._faults_of_shortlink(tracking)
        yield from unnamed(text, len(text) if start < 0 else start, answer["skipped"])

    def _faults_of_shortlink(self, tracking: dict[str, Any]) -> Iterator[str]:
        path = urlsplit(tracking["shortlink"]).path
        if not SLUG.fullmatch(path):
            yield f"not a slug: {path}"
        elif path in self._slugs:
            yield f"used twice: {path}"
        self._slugs.add(path)
        status, location = self._server.head(path)
        expected = ascii_form(tracking["link"])
        if (status, location) != (302, expected):
            yield f"HEAD of the shortlink: {status} to {location!r}, not 302 to {expected!r}"


def storable(text: str) -> bool:
    """Return whether the API accepts this text."""
    return 0 < len(text) <= LONGEST and not UNSTORABLE.search(text)


def place(text: str, rewritten: str, tracking: dict[str, Any]) -> int:
    """Return the position of the link in the text; -1 if the texts do not differ by exactly that link."""
    before, shortlink, after = rewritten.partition(tracking["shortlink"])
    for typed in (tracking["link"], tracking["link"].removeprefix("https://")):  # put before a bare domain
        if shortlink and before + typed + after == text:
            return len(before)
    return -1


def unnamed(text: str, end: int, skipped: list[dict[str, str]]) -> Iterator[str]:
    """Return a fault for each piece before `end` that begins like a URL and is not in `skipped`, in order."""
    named = iter(skipped)
    for piece in PIECE.finditer(text):
        if piece.end() > end or not WEB.match(piece[0]):
            continue
        if not any(one["reason"] and one["text"] and piece[0].startswith(one["text"]) for one in named):
            yield f"not in `skipped`: {piece[0]!r}; skipped: {skipped}"
            return


def ascii_form(link: str) -> str:
    """Return the expected `Location`: the host in punycode (IDNA 2008), the rest percent-encoded if not ASCII."""
    parts = LINK.fullmatch(link)
    if parts is None:
        return "(this is no link)"
    scheme, host, port, rest = parts.groups(default="")
    try:
        name = host if host.isascii() else idna.encode(host, uts46=True).decode()
    except idna.IDNAError as error:
        return f"(the host has no ASCII form: {error})"
    return str(scheme + name + port + quote(rest, safe=ASCII))


def run(server: Server, folder: Path, detection: str) -> list[Row]:
    """Return a row for each file, and the totals."""
    check, rows, total = Check(server, detection), [], Row("all")
    for path in sorted(folder.glob("*.jsonl")):
        lines = path.read_text("utf-8").split("\n")
        texts = [json.loads(line)["text"] for line in lines if line]
        row, started = Row(path.stem), time.monotonic()
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            for number, one in enumerate(pool.map(check.message, texts), 1):
                one.faults = [f"{path.name}, message {number}: {fault}" for fault in one.faults]
                row.add(one)
        row.seconds = time.monotonic() - started
        rows.append(row)
        total.add(row)
        print(f"{row.name}: {row.messages} messages, {len(row.faults)} faults, {row.seconds:.0f} s", file=sys.stderr)
    return [*rows, total]


def table(rows: list[Row]) -> str:
    """Return the rows as Markdown."""
    lines = [
        "| file | messages | refused | rewritten | faults | messages/s | skipped |",
        "|---|--:|--:|--:|--:|--:|---|",
    ]
    for row in rows:
        reasons = ", ".join(f"{reason} {count:,}" for reason, count in row.skipped.most_common())
        numbers = (row.messages, row.refused, row.rewritten, len(row.faults), round(row.messages / row.seconds))
        lines.append(f"| {row.name} | {' | '.join(f'{number:,}' for number in numbers)} | {reasons} |")
    return "\n".join(lines)


def write(tables: str) -> None:
    """Write the tables into the document, between its marks."""
    before, rest = DOCUMENT.read_text("utf-8").split(BEGIN)
    after = rest.split(END)[1]
    DOCUMENT.write_text(f"{before}{BEGIN}\n{tables}\n{END}{after}", "utf-8")


def main() -> int:
    """Run the command line. Return 1 if there were faults."""
    parser = argparse.ArgumentParser(description="Send a folder of messages through a server and check every answer.")
    parser.add_argument("folder", nargs="?", type=Path, default=CORPORA / "messages", help="of JSON Lines files")
    parser.add_argument("--url", help="a running server; without it, one is started")
    parser.add_argument("--sid", default="")
    parser.add_argument("--token", default="")
    parser.add_argument("--detection", choices=["strict", "smart", "both"], default="both")
    parser.add_argument("--write", action="store_true", help=f"put the tables into {DOCUMENT.relative_to(ROOT)}")
    given = parser.parse_args()
    if not any(given.folder.glob("*.jsonl")):
        parser.error(f"no *.jsonl in {given.folder}: name a folder, or set SHORTENER_CORPORA")
    with contextlib.ExitStack() as stack:
        if given.url:
            instance = Instance(given.url, given.sid, given.token, "")
        else:
            instance = stack.enter_context(running("corpora"))
        server = Server(instance)
        detections = ["strict", "smart"] if given.detection == "both" else [given.detection]
        results = {name: run(server, given.folder, name) for name in detections}
    machine = f"Python {platform.python_version()}, {os.cpu_count()} cores, {CONNECTIONS} connections."
    tables = "\n\n".join([machine, *(f"Detection `{name}`:\n\n{table(rows)}" for name, rows in results.items())])
    print(tables)
    faults = [fault for rows in results.values() for fault in rows[-1].faults]
    for fault in faults[:SHOWN]:
        print(f"FAULT {fault}", file=sys.stderr)
    if given.write:
        write(tables)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
