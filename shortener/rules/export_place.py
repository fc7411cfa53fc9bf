"""The place that exports are written to: a bucket or a folder of the operator, and each account's own part of it."""

import re
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import quote, unquote, urlsplit

FOLDER: Final = "file"
SCHEMES: Final = ("s3", "gs", "az", FOLDER)
EXAMPLES: Final = "s3://bucket/folder, gs://bucket/folder, az://container/folder or file:///folder"
BUCKET: Final = "2 to 222 letters, digits, dots, hyphens and underscores, and begin with a letter or digit"
# Without a slash and without a dot at the start, so that no name leaves its folder.
NAME: Final = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$"
_NAME: Final = re.compile(NAME)
_BUCKET: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,221}")
_FOLDER: Final = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._=@+-]{1,255}")


@dataclass(frozen=True, slots=True)
class Place:
    """A place with its folders; a bucket of Azure is called container."""

    scheme: str
    bucket: str  # empty for a folder of this machine
    folders: tuple[str, ...]

    @property
    def url(self) -> str:
        """The place as a URL, without a slash at its end."""
        return f"{self.scheme}://" + "/".join([self.bucket, *map(quote, self.folders)])

    @property
    def path(self) -> str:
        """The path of a folder on this machine."""
        return "/" + "/".join(self.folders)

    def in_bucket(self, bucket: str) -> "Place":
        """The same folders in another bucket."""
        return replace(self, bucket=bucket)

    def of_account(self, sid: str) -> "Place":
        """The part of it that belongs to an account."""
        return replace(self, folders=(*self.folders, sid))


def parse(url: str) -> Place:
    """The place that a URL names; a ValueError says what is allowed, and does not repeat the URL."""
    try:
        parts = urlsplit(url)
    except ValueError:
        raise ValueError(f"must look like {EXAMPLES}") from None
    if parts.scheme not in SCHEMES or parts.query or parts.fragment:
        raise ValueError(f"must look like {EXAMPLES}")
    folders = [unquote(part) for part in parts.path.split("/") if part]
    if parts.scheme == FOLDER:
        return _folder(parts.netloc, folders)
    if re.fullmatch("[A-Za-z0-9._-]*", parts.netloc) and not is_bucket(parts.netloc):
        raise ValueError(f"must name a bucket, which must have {BUCKET}")
    if not is_bucket(parts.netloc) or not all(map(_FOLDER.fullmatch, folders)):
        raise ValueError(f"must look like {EXAMPLES}, without a user name, a password or a port")
    return Place(parts.scheme, parts.netloc, tuple(folders))


def is_bucket(text: str) -> bool:
    """Whether this can be the name of a bucket."""
    return _BUCKET.fullmatch(text) is not None


def is_name(text: str) -> bool:
    """Whether a file may have this name."""
    return _NAME.fullmatch(text) is not None


def _folder(host: str, folders: list[str]) -> Place:
    if host not in ("", "localhost") or not folders or any(part in (".", "..") or "\0" in part for part in folders):
        raise ValueError("must name a folder of this machine from its root: file:///folder")
    return Place(FOLDER, "", tuple(folders))
