"""How a campaign's file is read: its encoding, the columns of the message's fields, and what all rows share."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import IO, Any, Final, Self

from shortener.errors import CampaignError, InvalidFieldsError
from shortener.messages.campaign import ADDED, Plan
from shortener.messages.campaign_files import Csv, File, JsonLines
from shortener.rules.delivery.gateway_name import NONE
from shortener.rules.links.detection import Detection
from shortener.rules.text_encoding import ENCODINGS

COLUMNS: Final = ("message", "recipient", "sender", "client_tag", "lt_callbackurl", "tags")  # fields that a column has
LOOKED_AT: Final = 100  # rows of JSON Lines whose keys are the columns
# What such columns are often called, in lower case.
_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "message": ("message", "text", "body", "sms", "本文", "メッセージ", "テキスト", "文面", "본문", "메시지", "내용"),
    "recipient": ("recipient", "to", "phone", "tel", "mobile", "電話番号", "携帯電話", "宛先", "전화번호", "수신번호"),
    "sender": ("sender", "from", "送信元", "発信者", "발신번호"),
    "client_tag": ("client_tag", "clienttag", "client tag", "クライアントタグ"),
    "lt_callbackurl": ("lt_callbackurl",),
    "tags": ("tags", "tag", "タグ"),
}


@dataclass(frozen=True, slots=True)
class Options:
    """`columns` has the column of each field; a field without one is not given."""

    format: str
    encoding: str = "utf-8"
    columns: Mapping[str, str] = field(default_factory=dict)
    detection: str | None = None
    gateway: str = NONE

    def stored(self) -> dict[str, Any]:
        """Return what the database holds."""
        return asdict(self)

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Self:
        """Return the options that the database holds."""
        return cls(**stored)

    def opened(self, source: IO[bytes]) -> File:
        """Begin to read a file; CampaignError if it has no header that can be read."""
        if self.format == "jsonl":
            return JsonLines(source)  # type: ignore[arg-type]
        # UTF-8 with a byte order mark is recognised only if no encoding is given.
        return Csv(source, None if self.encoding == "utf-8" else self.encoding)  # type: ignore[arg-type]

    def plan(self, columns: Sequence[str]) -> Plan:
        """Return how the rows become messages. New columns get a prefix if the file has one of their names."""
        prefix = ""
        while any(prefix + name in columns for name in ADDED):
            prefix += "new_"
        constants = {"gateway": self.gateway} | ({"detection": self.detection} if self.detection else {})
        return Plan(dict(self.columns), constants, prefix)


def names(options: Options, source: IO[bytes]) -> tuple[str, ...]:
    """Return the names of the columns: of the header, or those in the first rows of JSON Lines."""
    file = options.opened(source)
    if file.columns is not None:
        return file.columns
    found = dict.fromkeys(name for row in islice(file.rows(), LOOKED_AT) for name in row.values)
    return tuple(found)


def guessed(columns: Sequence[str]) -> dict[str, str]:
    """Return the columns that probably hold a message's fields, by field."""
    by_name = {name.strip().lower(): name for name in reversed(columns)}
    found = {field: next((by_name[name] for name in known if name in by_name), None) for field, known in _NAMES.items()}
    return {field: name for field, name in found.items() if name is not None}


def kind(name: str, head: bytes) -> str:
    """Return the format of a file, by its name or else its beginning."""
    ending = name.lower().rpartition(".")[2]
    if ending in {"jsonl", "ndjson"}:
        return "jsonl"
    if ending in {"csv", "tsv"} or not head.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"{"):
        return "csv"
    try:
        json.loads(head.splitlines()[0])
    except ValueError:
        return "csv"
    return "jsonl"


def chosen(form: Mapping[str, str], options: Options, columns: Sequence[str], gateways: Sequence[str]) -> Options:
    """Return the options with what a form says; InvalidFieldsError for what cannot be chosen."""
    mapped = {field: form[f"column_{field}"] for field in COLUMNS if form.get(f"column_{field}")}
    faults = {f"column_{field}": ["is no choice"] for field, name in mapped.items() if name not in columns}
    encoding, detection = form.get("encoding", options.encoding), form.get("detection") or None
    gateway = form.get("gateway", NONE)
    if encoding not in ENCODINGS:
        faults["encoding"] = ["is no choice"]
    if detection is not None and detection not in set(Detection):
        faults["detection"] = ["is no choice"]
    if gateway not in {NONE, *gateways}:
        faults["gateway"] = ["is no choice"]
    if faults:
        raise InvalidFieldsError(faults)
    return Options(options.format, encoding, mapped, detection, gateway)


def readable(options: Options, source: IO[bytes]) -> tuple[tuple[str, ...], str | None]:
    """Return the columns, or no columns and why the file cannot be read."""
    try:
        return names(options, source), None
    except CampaignError as error:
        return (), str(error)
