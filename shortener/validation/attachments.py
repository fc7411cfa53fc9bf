"""The files that go out with a message: sent as base64 in JSON, and limited together."""

import base64
import binascii
import hashlib
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer

from shortener.rules.mail import content_type, header_text

MOST_BYTES: Final = 20 * 1024 * 1024  # of all attachments of a message
MOST_ATTACHMENTS: Final = 100


def _name(value: str) -> str:
    if header_text.NO_LINE.search(value) or "/" in value or "\\" in value:
        raise ValueError("must name each file in one line without slashes")
    return value


def _content_type(value: str) -> str:
    if fault := content_type.fault(value):
        raise ValueError(fault)
    return value


def decoded(value: object) -> object:
    """Decode base64; line ends are allowed, as mail programs write them. Bytes stay as they are."""
    if isinstance(value, str):
        try:
            return _decoded(value)
        except (binascii.Error, ValueError):
            pass
    elif isinstance(value, bytes):
        return value
    raise ValueError("must give each content in base64")


def _decoded(text: str) -> bytes:
    """Decode it as it is if that works: a copy of a large text costs its size once more."""
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return base64.b64decode("".join(text.split()), validate=True)


def sha256(content: bytes) -> bytes:
    """Return the SHA-256 of a content."""
    return hashlib.sha256(content).digest()


_BASE64: Final = Annotated[str, Field(json_schema_extra={"contentEncoding": "base64"})]


class NewAttachment(BaseModel):
    """A file that goes out with a message, unchanged."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    name: Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_name)]
    content_type: Annotated[str, AfterValidator(_content_type)] = "application/octet-stream"
    # Equal submissions have the same fingerprint, so the content is written as its hash.
    content: Annotated[
        bytes,
        BeforeValidator(decoded, json_schema_input_type=_BASE64),
        PlainSerializer(lambda content: sha256(content).hex(), return_type=str),
        Field(repr=False, description="The file in base64."),
    ]


def _fit(files: list[Any]) -> list[Any]:
    if sum(len(file.content) for file in files) > MOST_BYTES:
        raise ValueError(f"must have at most {MOST_BYTES // 1024**2} MiB together")
    return files


Attachments = Annotated[list[NewAttachment], Field(max_length=MOST_ATTACHMENTS), AfterValidator(_fit)]
