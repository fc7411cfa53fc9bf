"""What a sender may ask for with a message: the one place that checks it, whatever wire format it came in."""

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, ValidationInfo

from shortener.errors import InvalidOrderError
from shortener.fields import Faults, Fields, FieldsToCall
from shortener.rules import receiver

MESSAGE_LENGTH = 10_000
MOST_TAGS = 100
METADATA_BYTES = 4096
METADATA_DEPTH = 32  # far above any use, far below what any JSON library takes
URL_LENGTH = 2048
KEY_LENGTH = 255
EXAMPLE: dict[str, Any] = {
    "message": "Your parcel is on its way: https://example.com/track?id=1&lang=en Thank you!",
    "lt_callbackurl": "https://crm.example.com/clicked",
    "client_tag": "order-1",
    "tags": ["parcel"],
    "metadata": {"customer": 4711},
}


def _storable(value: str) -> str:
    """Refuse NUL, which PostgreSQL refuses and SQLite stores; lone surrogates are refused before this."""
    if "\0" in value:
        raise ValueError("must not contain the character NUL")
    return value


def _switch(value: object) -> object:
    """Take true and false as JSON has them and as forms write them, nothing else."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in {"true", "false"}:
        return value.lower() == "true"
    raise ValueError("must be true or false")


def _tag_list(value: object) -> object:
    """Take `a,b` for `["a", "b"]`."""
    if isinstance(value, str):
        return [tag.strip() for tag in value.split(",") if tag.strip()]
    return value


def _document(value: object) -> object:
    """Take an object as it is or, from a form, as JSON text; hold its size and what is in it."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise ValueError("must be a JSON object") from None
    if value is None:
        return None
    if not isinstance(value, dict):
        raise ValueError("must be a JSON object")
    if _nests_deeper(value, METADATA_DEPTH):
        raise ValueError(f"must be nested at most {METADATA_DEPTH} levels deep")
    try:
        size = len(json.dumps(value, ensure_ascii=False, allow_nan=False).encode())
    except ValueError:  # a lone surrogate, an infinite number
        raise ValueError("must be an object of JSON values in valid Unicode") from None
    if size > METADATA_BYTES:
        raise ValueError(f"must be at most {METADATA_BYTES} bytes of JSON")
    if "\0" in "".join(_texts(value)):
        raise ValueError("must not contain the character NUL")
    return value


def _nests_deeper(value: object, levels: int) -> bool:
    """Whether a JSON value has more levels than this. Goes no deeper than that itself."""
    if not isinstance(value, dict | list):
        return False
    parts = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_nests_deeper(part, levels - 1) for part in parts)


def _texts(value: object) -> list[str]:
    """Every text in a JSON value, keys included."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for pair in value.items() for part in pair for text in _texts(part)]
    if isinstance(value, list):
        return [text for part in value for text in _texts(part)]
    return []


def _callback_url(value: str, info: ValidationInfo) -> str:
    policy: receiver.Policy = (info.context or {}).get("policy", receiver.Policy())
    if fault := receiver.check(value, policy):
        raise ValueError(fault)
    return value


Storable = Annotated[str, AfterValidator(_storable)]
ShortText = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_storable)]
CallbackUrl = Annotated[
    str,
    Field(max_length=URL_LENGTH, json_schema_extra={"format": "uri"}),
    AfterValidator(_storable),
    AfterValidator(_callback_url),
]
Switch = Annotated[bool | None, BeforeValidator(_switch, json_schema_input_type=bool | Literal["true", "false"] | None)]
Tags = Annotated[
    list[ShortText] | None,
    Field(max_length=MOST_TAGS),
    BeforeValidator(
        _tag_list, json_schema_input_type=Annotated[list[ShortText], Field(max_length=MOST_TAGS)] | str | None
    ),
]
Metadata = Annotated[
    dict[str, Any] | None, BeforeValidator(_document, json_schema_input_type=dict[str, Any] | str | None)
]
Text = Annotated[str, Field(min_length=1, max_length=MESSAGE_LENGTH), AfterValidator(_storable)]

Detection = Annotated[
    Literal["strict", "smart"],
    Field(
        description="`strict`: the link stands between spaces, tabs or line ends; `smart`: also beside Chinese, "
        "Japanese or Korean text."
    ),
]
BareDomains = Annotated[
    Literal["off", "careful", "any"],
    Field(description="Whether `example.com` is a link; `careful`: where it is not also a word, like `day.so`."),
]


def key_fault(key: str) -> str | None:
    """What is wrong with an idempotency key, if anything is."""
    if 0 < len(key) <= KEY_LENGTH and key.isascii() and key.isprintable():
        return None
    return f"must be 1 to {KEY_LENGTH} printable ASCII characters"


class Order(FieldsToCall):
    """A message with what is to be done about it. What is null follows the account's default."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    message: Annotated[Text, Field(description="The text, whole.")]
    track_link: Annotated[Switch, Field(description="false: leave the link alone.")] = None
    lt_callbackurl: Annotated[CallbackUrl | None, Field(description="Where the first click is told.")] = None
    callbackurl: Annotated[CallbackUrl | None, Field(description="Kept for Xoxzo's clients; not called.")] = None
    client_tag: Annotated[
        ShortText | None, Field(description="Your own name for the message, unique in the account.")
    ] = None
    sender: Annotated[ShortText | None, Field(description="Kept, and given back in reports.")] = None
    recipient: Annotated[
        Annotated[str, Field(min_length=1, max_length=320), AfterValidator(_storable)] | None,
        Field(description="Kept as the account wants it: whole, masked or not at all."),
    ] = None
    tags: Annotated[
        Tags, Field(description="Given back in reports and events; in a form `a,b`, or one field each.")
    ] = None
    metadata: Annotated[
        Metadata, Field(description="Given back in reports and events; at most 4 KB of JSON, in a form as JSON text.")
    ] = None
    detection: Detection | None = None
    bare_domains: BareDomains | None = None
    count_as_click: Annotated[
        Literal["person", "person_or_unknown", "any"] | None, Field(description="Whose click is the first one.")
    ] = None

    def fingerprint(self) -> bytes:
        """What makes two orders the same one: SHA-256 of the fields that were given, however they were written."""
        canonical = json.dumps(self.model_dump(exclude_none=True), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(canonical.encode()).digest()

    def kept_recipient(self, storage: str) -> str | None:
        """The recipient as the account wants it kept: `full`, `masked` but for the last four characters, or `none`."""
        if self.recipient is None or storage == "full":
            return self.recipient
        if storage == "none":
            return None
        hidden = max(len(self.recipient) - 4, 0)
        return "*" * hidden + self.recipient[hidden:] if hidden else "*" * len(self.recipient)


class Question(Fields):
    """What would happen to one URL, or to one message? Give either."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"url": "https://example.com/track?id=1"}, {"message": EXAMPLE["message"]}],
            "oneOf": [{"required": ["url"]}, {"required": ["message"]}],
        },
    )

    url: Text | None = None
    message: Text | None = None
    detection: Detection | None = None
    bare_domains: BareDomains | None = None

    @classmethod
    def check(cls, fields: Mapping[str, Any], *, faults: Faults | None = None) -> Self:
        """Make a question of what came in; InvalidOrderError also where it is none, or two."""
        question = super().check(fields, faults=faults)
        if (question.url is None) == (question.message is None):
            raise InvalidOrderError({"url": ["give either url or message"]})
        return question
