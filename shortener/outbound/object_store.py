"""Storage for exports: S3 and what is compatible with it, Google Cloud Storage, Azure.

The operator chose the address, so no guard checks it. A file is uploaded in parts, and appears when all have arrived.
"""

import os
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from shortener.rules import own_network
from shortener.rules.export_place import Place

if TYPE_CHECKING:
    from obstore.store import ObjectStore

PART: Final = 8 * 1024 * 1024  # bytes; S3 takes 10,000 parts, so a file has at most 80 GB
PARTS_AT_ONCE: Final = 2  # a few, because each is in memory
CONNECT_WITHIN: Final = "5s"
REQUEST_WITHIN: Final = "60s"  # for a part, or for the answer to the last request
RETRIES: Final = 3  # of one request; the whole upload is retried as a job
_ENDPOINTS: Final = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT", "AZURE_STORAGE_ENDPOINT")
_STATUS: Final = re.compile(r"status code: ([0-9]{3})")
_CODE: Final = re.compile(r"<Code>([A-Za-z]{1,60})</Code>")
_ODD: Final = re.compile("Got invalid|Unable to extract")
_UNKNOWN: Final = re.compile(r"Configuration key: '([a-z0-9_]+)' is not valid")
_SYSTEM: Final = re.compile(r'message: "([A-Za-z ]{1,80})"')


class StorageError(Exception):
    """The storage did not take the file; the text says why, without credentials."""


def upload(place: Place, name: str, blocks: Iterator[bytes], *, content_type: str, options: Mapping[str, str]) -> None:
    """Store the blocks as one file; StorageError if the storage refuses.

    It replaces a file of that name: the library knows conditions only for files that are in memory as a whole.
    An error of `blocks` passes through. After any error no part of the file can be seen; what has been uploaded is
    removed, unless the storage cannot be reached.
    """
    watched = _Watched(blocks)
    try:
        opened(place, options).put(
            name,
            watched,
            attributes={"Content-Type": content_type},
            use_multipart=True,
            chunk_size=PART,
            max_concurrency=PARTS_AT_ONCE,
        )
    except StorageError:
        raise
    except Exception as error:
        if error is watched.error:
            raise
        raise StorageError(sentence(error)) from None


def opened(place: Place, options: Mapping[str, str]) -> "ObjectStore":
    """Return the store of a place, without connecting; StorageError if the options are not valid."""
    from obstore.store import from_url  # noqa: PLC0415 - without exports, no process loads its 15 MB

    config: Any = dict(options)
    try:
        return from_url(
            place.url,
            config=config,
            client_options={
                "timeout": REQUEST_WITHIN,
                "connect_timeout": CONNECT_WITHIN,
                "allow_http": _may_use_http(options),
            },
            retry_config={"max_retries": RETRIES},
        )
    except Exception as error:
        raise StorageError(_about_options(error, options)) from None


def why_unusable(place: Place, options: Mapping[str, str]) -> str | None:
    """Say what is wrong with the options of a store; None if they can be valid. Makes no connection."""
    try:
        opened(place, options)
    except StorageError as error:
        return str(error)
    return None


def sentence(error: Exception) -> str:
    """Word an error of the storage; its own text may contain keys."""
    text = str(error)
    status, code = _STATUS.search(text), _CODE.search(text)
    if status or code:  # S3 may say 200 before it knows of an error
        return "the storage answered " + " ".join(found[1] for found in (status, code) if found)
    if _ODD.search(text):
        return "the storage gave an answer that makes no sense"
    if "kind: Timeout" in text or "TimedOut" in text:
        return "the storage did not answer in time"
    if system := _SYSTEM.search(text):
        return f"the storage cannot be reached: {system[1]}"
    return f"the storage cannot be used ({type(error).__name__})"


class _Watched:
    """Passes blocks on, and keeps the error with which they ended."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self.error: Exception | None = None

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            return next(self._blocks)
        except StopIteration:
            raise
        except Exception as error:
            self.error = error
            raise


def _about_options(error: Exception, options: Mapping[str, str]) -> str:
    """Word an error about options, without their values."""
    said = str(error).partition("\n")[0]
    if unknown := _UNKNOWN.match(said):
        return f"'{unknown[1]}' is not an option of this storage"
    repeats = any(value in said for value in options.values())
    return f"an option of the storage is not valid ({type(error).__name__})" if repeats or not said else said


def _may_use_http(options: Mapping[str, str]) -> bool:
    """Whether the endpoint is an http server of the operator's own network; keys never go further without TLS."""
    named = [value for name, value in options.items() if "endpoint" in name]
    endpoint = next((value for value in (*named, *map(os.environ.get, _ENDPOINTS)) if value), "")
    return endpoint.startswith("http://") and own_network.has(endpoint)
