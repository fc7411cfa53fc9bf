"""Settings from `SHORTENER_*`: checked at start, every fault named at once, no default secret."""

import contextlib
import difflib
import ipaddress
import logging
import os
import re
import ssl
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

import pydantic
from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo
from sqlalchemy import URL, make_url

from shortener.config import data_folders, secret_key, settings_file
from shortener.errors import SettingsError
from shortener.rules import contact
from shortener.rules.visitors import visitor
from shortener.rules.wire.fault_sentences import sentence

VERSION = "0.1.0"
PREFIX = settings_file.PREFIX
HOST = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^\[\]:,@]*)(?::([0-9]{0,5}))?")
_ON, _OFF = frozenset({"on", "true", "1", "yes"}), frozenset({"off", "false", "0", "no"})
log = logging.getLogger(__name__)
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _switch(value: object) -> object:
    """Take what people write for on and off, in any case."""
    plain = str(value).strip().lower()
    if plain in _ON | _OFF:
        return "on" if plain in _ON else "off"
    raise ValueError("must be on or off")


def _commas(value: object) -> object:
    """Take `a, b` apart."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _like(pattern: str, example: str) -> AfterValidator:
    """Hold a text to a pattern, its port to a number. A fault never repeats the text: it may hold a password."""

    def check(value: str) -> str:
        with contextlib.suppress(ValueError):  # by the port
            if re.fullmatch(pattern, value) and urlsplit(value if "//" in value else f"//{value}").port != 0:
                return value
        raise ValueError(f"must look like {example}")

    return AfterValidator(check)


def _names_a_database(value: str) -> str:
    """A URL of PostgreSQL, with one host or several as libpq takes them, or of SQLite. A fault never repeats it."""
    scheme, _, rest = value.partition("://")
    names_file = scheme == "sqlite" and rest[:1] == "/" and len(rest) > 1
    if names_file or (re.fullmatch(r"postgres(ql)?(\+psycopg)?", scheme) and rest and _hosts(rest)):
        return value
    raise ValueError(
        "must look like postgresql://user:password@host:5432/name, or host1:5432,host2:5432, special characters as %XX "
        "(or sqlite:////path/of/file)"
    )


def _hosts(rest: str) -> list[tuple[str, str]] | None:
    """The hosts and ports of what stands behind `postgresql://`, in their order; None where one is malformed."""
    named = [HOST.fullmatch(each) for each in re.split("[/?]", rest)[0].rpartition("@")[2].split(",")]
    found = [(match[1].strip("[]"), match[2] or "") for match in named if match]
    ports = all(not port or 0 < int(port) < 65536 for _, port in found)
    return found if len(found) == len(named) and ports and "#" not in rest else None


def _one_host(rest: str) -> str:
    """Several hosts as SQLAlchemy takes them: `u:p@h1:5432,h2/db` becomes `u:p@/db?host=h1,h2&port=5432,`."""
    hosts = _hosts(rest) or []
    if len(hosts) < 2:
        return rest
    place, _, behind = rest.partition("/")
    path, _, query = behind.partition("?")
    names, ports = (",".join(each) for each in zip(*hosts, strict=True))
    user = "".join(place.rpartition("@")[:2])
    return f"{user}/{path}?host={names}&port={ports}{'&' if query else ''}{query}"


def _embedded(database_url: str | None) -> bool:
    return database_url is None or database_url.startswith("sqlite:")


def _processors() -> int:
    """How many processors this process may use; where the system does not tell, how many there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _plain_host(value: str) -> str:
    """A host as callback URLs are compared with it: lower case, no root's dot, no brackets."""
    host = value.lower().removesuffix(".").removeprefix("[").removesuffix("]")
    if not re.fullmatch(r"[a-z0-9_.-]+|[0-9a-f:.]+", host):
        raise ValueError("must be a host like receiver.internal, without scheme, port or path")
    return str(ipaddress.IPv6Address(host)) if ":" in host else host


def _holds_certificates(given: Path) -> Path:
    value = settings_file.located(given)
    try:
        ssl.create_default_context(cafile=str(value))
    except OSError as error:  # ssl.SSLError too
        reason = "it holds no certificates in PEM form" if isinstance(error, ssl.SSLError) else error.strerror
        raise ValueError(f"cannot read {value}: {reason}") from None
    return value


def _one_line(value: str) -> str:
    if not value.isprintable():
        raise ValueError("must be one line without control characters")
    return value


def _can_be_linked(value: str) -> str:
    contact.href(value)  # ValueError says what it may be
    return value


Hosts = Annotated[tuple[Annotated[str, AfterValidator(_plain_host)], ...], BeforeValidator(_commas)]
Ports = Annotated[tuple[Annotated[int, Field(ge=1, le=65535)], ...], BeforeValidator(_commas)]
Networks = Annotated[tuple[pydantic.IPvAnyNetwork, ...], BeforeValidator(_commas)]
Seconds = Annotated[tuple[Annotated[float, Field(ge=0, le=604_800)], ...], BeforeValidator(_commas)]
Switch = Annotated[Literal["on", "off"], BeforeValidator(_switch)]
Bind = Annotated[
    str,
    _like(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):[0-9]{1,5}|unix:/[!-~]+", "127.0.0.1:8000 or unix:/run/s/s.sock"),
]
Url = Annotated[str, _like(r"https?://[A-Za-z0-9\[][!-~]*", "https://www.example.com/page, in ASCII")]
# Without a path, for slugs stand at the root.
Origin = Annotated[str, _like(r"https?://[A-Za-z0-9.:\[\]-]+/?", "https://s.example.com, in ASCII and without a path")]
DatabaseUrl = Annotated[str, AfterValidator(_names_a_database)]


class Settings(pydantic.BaseModel):
    """Everything an operator can set; each field is `SHORTENER_` plus its name in capitals."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, validate_default=True)

    public_url: Origin | None = Field(
        None,
        description="Where recipients reach us: `https://s.example.com`. Default: `http://` and `SHORTENER_BIND`.",
    )
    env_file: Path | None = Field(
        None,
        description="The settings file: lines like `SHORTENER_BIND=127.0.0.1:8000`, for whatever the environment does "
        "not say. Default: `.env` beside `wsgi.py`.",
    )
    bind: Bind = Field(
        "127.0.0.1:8000", description="Address and port to listen on, or a socket: `unix:/run/shortener/s.sock`."
    )
    data: Path = Field(Path("data"), description="Folder for the SQLite file and the stored secret key.")
    database_url: DatabaseUrl | None = Field(
        None,
        repr=False,
        description="`postgresql://user:password@host/name`, also with several hosts, as libpq takes them: "
        "`host1:5432,host2:5432`. Default: SQLite in `SHORTENER_DATA`.",
    )
    secret_key: str | None = Field(
        None,
        min_length=32,
        repr=False,
        description="At least 32 characters; encrypts the stored signing secrets. With SQLite it is made on the "
        "first start and kept in `SHORTENER_DATA/secret_key`; with PostgreSQL it must be given.",
    )
    secret_key_old: str | None = Field(
        None,
        min_length=32,
        repr=False,
        description="The secret key before this one, while what was stored under it is encrypted again; "
        "see docs/operate/backup.md.",
    )
    link_days: float = Field(90, gt=0, le=3650, description="Days that a new link lives.")
    retention_days: float = Field(
        400,
        gt=0,
        le=36500,
        description="Days that a message and all about it is kept; not below `SHORTENER_LINK_DAYS`.",
    )
    callback_waits: Seconds = Field(
        (5, 30, 120, 600, 1800, 3600, 10800, 21600, 43200, 86400),
        max_length=10,
        description="Seconds before each retry of a callback, comma-separated; as many retries as numbers, at most 10.",
    )
    callback_timeout: float = Field(15, gt=0, le=60, description="Seconds that one attempt may take in all.")
    callback_allow_nets: Networks = Field(
        (), description="Networks (CIDR, comma-separated) that callbacks may reach though they are not public."
    )
    callback_allow_hosts: Hosts = Field(
        (), description="Hosts (comma-separated) that callbacks may reach at whatever address they have."
    )
    callback_deny_nets: Networks = Field(
        (), description="Networks (CIDR, comma-separated) that callbacks never reach, whatever else is allowed."
    )
    callback_ports: Ports = Field((), description="Ports (comma-separated) that callbacks may go to.")
    callback_ca_bundle: Annotated[Path, AfterValidator(_holds_certificates)] | None = Field(
        None,
        description="File (PEM) of the certificate authorities that receivers are checked against, in place of the "
        "public ones. The checks themselves cannot be turned off.",
    )
    callback_per_destination: int = Field(
        2, ge=1, le=64, description="Attempts under way at once, on all nodes, for one receiver of an account."
    )
    callback_allow_http: Switch = Field("on", description="`off`: callback URLs must be https.")
    trusted_proxies: Networks = Field(
        (), description="Networks (CIDR, comma-separated) of your proxies; only from these is `X-Forwarded-*` believed."
    )
    worker: Switch = Field(
        "on", description="`off`: the web processes deliver no callbacks; run `flask --app wsgi worker` beside them."
    )
    fallback_url: Url | None = Field(
        None, description="Where visitors of unknown, expired and switched-off links go, in place of a small page."
    )
    sender_name: Annotated[str, Field(max_length=80), AfterValidator(_one_line)] | None = Field(
        None, description="Your name, as recipients know it; stands below the small pages that they may meet."
    )
    sender_contact: Annotated[str, Field(max_length=200), AfterValidator(_can_be_linked)] | None = Field(
        None, description="Where recipients reach you: the URL of a page, a mail address or a phone number."
    )
    store_address: Literal["none", "truncated"] = Field(
        "none", description="`truncated`: keep the visitor's network with each click, /24 or /48; never the address."
    )
    visitors: str | None = Field(
        None,
        description="Your changes to the list that tells people from machines, best as `SHORTENER_VISITORS_FILE`; "
        "see [docs/integrate/visitors.md](docs/integrate/visitors.md).",
    )
    spool: Path | None = Field(
        None,
        description="Folder for clicks that the database does not take at once; on a local disk, one for each node. "
        "Default: `spool` in `SHORTENER_DATA`.",
    )
    spool_bytes: int = Field(
        4_194_304,
        ge=4096,
        le=1 << 30,
        description="What each web process reserves there when it starts; 4 MiB hold about 20,000 clicks.",
    )
    server: Literal["gunicorn", "granian"] = Field(
        "gunicorn", description="The web server: `gunicorn`, or `granian`, which is faster; see docs/operate/tuning.md."
    )
    processes: int = Field(
        default_factory=lambda: min(_processors(), 2),
        ge=1,
        le=64,
        description="Web processes. Default: two, or one where only one CPU may be used; see docs/operate/tuning.md.",
    )
    threads: int = Field(
        default_factory=lambda given: 16 if given.get("processes") == 1 else 8,
        ge=1,
        le=128,
        description="Threads in each web process. Default: 16 in one process, or 8 in each.",
    )
    connections: int = Field(
        default_factory=lambda given: given.get("threads", 8) + 4,
        ge=2,
        le=1000,
        description="Connections to PostgreSQL that each process may have open. Default: `SHORTENER_THREADS` and four.",
    )

    @pydantic.field_validator("secret_key")
    @classmethod
    def _given_to_every_node(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None and not _embedded(info.data.get("database_url")):
            raise ValueError("is required with PostgreSQL: every node needs the same one")
        return value

    @pydantic.field_validator("retention_days")
    @classmethod
    def _outlives_links(cls, value: float, info: ValidationInfo) -> float:
        if value < info.data.get("link_days", 0):
            raise ValueError("must not be below SHORTENER_LINK_DAYS")
        return value

    @pydantic.field_validator("bind")
    @classmethod
    def _can_be_reached(cls, value: str, info: ValidationInfo) -> str:
        everywhere = value.rpartition(":")[0] in {"0.0.0.0", "[::]"}  # noqa: S104 - asked, not bound
        if (everywhere or value.startswith("unix:")) and info.data.get("public_url", "") is None:
            where = "every address" if everywhere else "a socket"
            raise ValueError(f"listens on {where}, so SHORTENER_PUBLIC_URL must say where recipients reach us")
        return value

    @pydantic.field_validator("visitors")
    @classmethod
    def _changes_the_list(cls, value: str | None) -> str | None:
        visitor.parse_rules(value or "", visitor.default_rules())  # ValueError names every line that cannot be used
        return value

    @pydantic.field_validator("data")
    @classmethod
    def _is_one_folder(cls, value: Path) -> Path:
        return data_folders.data_folder(value)  # decided once: what this process writes must not change it

    @pydantic.field_validator("spool")
    @classmethod
    def _is_one_spool(cls, value: Path | None) -> Path | None:
        return value and data_folders.spool_folder(value)

    @property
    def data_folder(self) -> Path:
        """The data folder, by its whole path."""
        return settings_file.HOME / self.data

    @property
    def embedded(self) -> bool:
        """True on SQLite: one machine, nothing else to install."""
        return _embedded(self.database_url)

    @property
    def sqlalchemy_url(self) -> URL:
        """The database as SQLAlchemy wants it named."""
        if self.database_url is None:
            return URL.create("sqlite", database=str(self.data_folder / settings_file.DATABASE))
        if self.embedded:  # a relative file lies where Flask-SQLAlchemy has always put it
            url = make_url(self.database_url)
            return url.set(database=str(settings_file.HOME / "instance" / (url.database or "")))
        return make_url(f"postgresql+psycopg://{_one_host(self.database_url.partition('://')[2])}")

    @property
    def database_file(self) -> Path | None:
        """The SQLite file; None on PostgreSQL."""
        return Path(self.sqlalchemy_url.database or "") if self.embedded else None

    @cached_property
    def secret_keys(self) -> tuple[str, ...]:
        """The keys that open what is stored; the first one seals. SettingsError where there is none and none is made.

        On SQLite the first one is read from the data folder where it is not given, or made there.
        """
        first = self.secret_key or secret_key.stored(self.data_folder, self.database_file or Path())
        return (first, self.secret_key_old) if self.secret_key_old else (first,)

    @property
    def spool_folder(self) -> Path:
        """Where clicks wait that the database does not take."""
        return self.spool or self.data_folder / data_folders.SPOOL

    @property
    def socket_path(self) -> Path | None:
        """The Unix socket to listen on, in place of an address."""
        return Path(self.bind.removeprefix("unix:")) if self.bind.startswith("unix:") else None

    @property
    def base_url(self) -> str:
        """The public address, without a slash at its end."""
        return (self.public_url or f"http://{self.bind}").rstrip("/")

    @property
    def own_receivers(self) -> frozenset[str]:
        """Where callbacks would come back to us, as `host:port`; another port of the host is another's."""
        parts = urlsplit(self.base_url)
        ports = {parts.port} if parts.port else {80, 443}
        return frozenset(f"{(parts.hostname or '').lower()}:{port}" for port in ports)

    @property
    def own_hosts(self) -> frozenset[str]:
        """The public host, in lower case: never a target, never a receiver."""
        return frozenset({(urlsplit(self.base_url).hostname or "").lower()})

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Read `SHORTENER_*` and `SHORTENER_*_FILE`; raise SettingsError with every fault; warn of unknown names.

        Without `environ`, those of the process, and below them those of the settings file.
        """
        given = settings_file.environment() if environ is None else environ
        values, faults = _collect(given, set(cls.model_fields))
        try:
            settings = cls(**values)
        except pydantic.ValidationError as error:
            raise SettingsError(list(faults.values()) + _sentences(error, without=set(faults))) from None
        if faults:
            raise SettingsError(list(faults.values()))
        return settings

    def make_ready(self) -> tuple[str, ...]:
        """Make the data folder and the secret key where they are missing, and give the keys.

        SettingsError where that cannot be. Commands that only look make neither: they may have the wrong folder.
        """
        self.make_folder()
        return self.secret_keys

    def make_folder(self) -> None:
        """Make the data folder where the database will be in it; SettingsError where that cannot be."""
        if self.database_url is None:
            secret_key.made_folder(self.data_folder)


def _collect(environ: Mapping[str, str], known: set[str]) -> tuple[dict[str, Any], dict[str, str]]:
    """Values and faults by field. What is set but empty counts as not given: compose files write it so."""
    values: dict[str, Any] = {}
    faults: dict[str, str] = {}
    for name, value in environ.items():
        if not name.startswith(PREFIX) or not value:
            continue
        field, from_file = name.removeprefix(PREFIX).lower(), False
        if field not in known and field.removesuffix("_file") in known:
            field, from_file = field.removesuffix("_file"), True
        if field not in known:
            log.warning("%s is not a setting of this version and is ignored%s", name, _meant(field, known))
        elif field in values or field in faults:
            faults[field] = f"{PREFIX}{field.upper()}: given both directly and as a file; give one"
        elif not from_file:
            values[field] = value
        else:
            try:
                values[field] = settings_file.located(Path(value)).read_text(encoding="utf-8").strip()
            except (OSError, ValueError) as error:
                reason = error.strerror if isinstance(error, OSError) else "it is not text in UTF-8"
                faults[field] = f"{name}: cannot read the file {value}: {reason}"
    return values, faults


def _meant(field: str, known: set[str]) -> str:
    """The setting that a misspelt one is most like, as the end of a sentence."""
    near = difflib.get_close_matches(field, known, 1, 0.8)
    return f"; did you mean {PREFIX}{near[0].upper()}?" if near else ""


def _sentences(error: pydantic.ValidationError, without: set[str]) -> list[str]:
    """Each fault by its setting and, in a list, the entry; those already named are left out."""
    sentences = []
    for fault in error.errors(include_url=False, include_input=False):
        field, *entry = fault["loc"]
        place = f"entry {int(entry[0]) + 1}: " if entry else ""
        said = sentence(fault["type"], fault.get("ctx", {}), fault["msg"])
        # A default that depends on other fields is not looked for where one of those is at fault.
        if field not in without and fault["type"] != "default_factory_not_called":
            sentences.append(f"{PREFIX}{str(field).upper()}: {place}{said}")
    return sentences
