"""Settings from `SHORTENER_*`: checked at the start, all faults reported at once, no default secret."""

import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

import pydantic
from pydantic import Field, ValidationInfo
from sqlalchemy import URL

from shortener.config import data_folders, database_address, from_environment, secret_key, settings_file
from shortener.config.alert_settings import AlertSettings
from shortener.config.export_settings import ExportSettings
from shortener.config.types import (
    Bind,
    CertificateFile,
    Contact,
    DatabaseUrl,
    Hosts,
    Line,
    Networks,
    Origin,
    Ports,
    Seconds,
    Switch,
    Url,
)
from shortener.errors import SettingsError
from shortener.rules.visitors import visitor

VERSION = "0.1.0"


def _processors() -> int:
    """Return how many processors this process may use, or, if the system cannot say, how many there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Settings(AlertSettings, ExportSettings):
    """All settings; the variable of each is `SHORTENER_` and its name in capitals."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, validate_default=True)

    public_url: Origin | None = Field(
        None,
        description="The URL at which recipients reach the product: `https://s.example.com`. Default: `http://` and "
        "`SHORTENER_BIND`.",
    )
    env_file: Path | None = Field(
        None,
        description="The settings file: lines like `SHORTENER_BIND=127.0.0.1:8000`, for settings that the environment "
        "does not have. Default: `.env` beside `wsgi.py`.",
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
        description="At least 32 characters; encrypts the stored signing secrets. On SQLite it is generated on the "
        "first start and stored in `SHORTENER_DATA/secret_key`; on PostgreSQL it is required.",
    )
    secret_key_old: str | None = Field(
        None,
        min_length=32,
        repr=False,
        description="The previous secret key, needed only while the key is changed; see docs/operate/backup.md.",
    )
    link_days: float = Field(90, gt=0, le=3650, description="Days until a new link expires.")
    retention_days: float = Field(
        400,
        gt=0,
        le=36500,
        description="Days until a message is deleted with everything about it; at least `SHORTENER_LINK_DAYS`.",
    )
    audit_days: float = Field(400, gt=0, le=36500, description="Days until an entry of the audit log is deleted.")
    callback_waits: Seconds = Field(
        (5, 30, 120, 600, 1800, 3600, 10800, 21600, 43200, 86400),
        max_length=10,
        description="Seconds before each retry of a callback, comma-separated; as many retries as numbers, at most 10.",
    )
    callback_timeout: float = Field(15, gt=0, le=60, description="Seconds that one attempt may take in total.")
    callback_allow_nets: Networks = Field(
        (), description="Networks (CIDR, comma-separated) that callbacks may reach although they are not public."
    )
    callback_allow_hosts: Hosts = Field(
        (), description="Hosts (comma-separated) that callbacks may reach whatever address they resolve to."
    )
    callback_deny_nets: Networks = Field(
        (), description="Networks (CIDR, comma-separated) that callbacks never reach, whatever else is allowed."
    )
    callback_ports: Ports = Field((), description="Ports (comma-separated) that callbacks may go to.")
    callback_ca_bundle: CertificateFile | None = Field(
        None,
        description="PEM file of certificate authorities that replaces the public ones for receivers. Verification "
        "itself cannot be turned off.",
    )
    callback_per_destination: int = Field(
        2, ge=1, le=64, description="Concurrent attempts, over all nodes, for one receiver of an account."
    )
    callback_allow_http: Switch = Field("on", description="`off`: callback URLs must be https.")
    trusted_proxies: Networks = Field(
        (), description="Networks (CIDR, comma-separated) of your proxies. `X-Forwarded-*` is believed only from these."
    )
    messages_per_second: int | None = Field(
        None,
        ge=1,
        le=1_000_000,
        description="Messages that an account may store in a second, counted by the processes of a node together. "
        "Default: no limit.",
    )
    worker: Switch = Field(
        "on", description="`off`: the web processes deliver no callbacks; run `shortener worker` as well."
    )
    fallback_url: Url | None = Field(
        None,
        description="Where to redirect visitors of unknown, expired and switched-off links, instead of showing a small "
        "page.",
    )
    sender_name: Line | None = Field(
        None, description="Your name as recipients know it. It appears below the small pages that they may see."
    )
    sender_contact: Contact | None = Field(
        None, description="How recipients can reach you: the URL of a page, an e-mail address or a phone number."
    )
    store_address: Literal["none", "truncated"] = Field(
        "none", description="`truncated`: store the visitor's network with each click, /24 or /48; never the address."
    )
    store_device: Switch = Field(
        "on", description="`off`: do not store with each click what it was made with (system, app, class of device)."
    )
    visitors: str | None = Field(
        None,
        description="Your changes to the list that distinguishes people from machines, preferably as "
        "`SHORTENER_VISITORS_FILE`; "
        "see [docs/integrate/visitors.md](docs/integrate/visitors.md).",
    )
    spool: Path | None = Field(
        None,
        description="Folder for clicks that the database cannot store at once; on a local disk, one for each node. "
        "Default: `spool` in `SHORTENER_DATA`.",
    )
    spool_bytes: int = Field(
        4_194_304,
        ge=4096,
        le=1 << 30,
        description="Bytes that each web process reserves there at its start; 4 MiB hold about 20,000 clicks.",
    )
    server: Literal["gunicorn", "granian"] = Field(
        "gunicorn", description="The web server: `gunicorn`, or `granian`, which is faster; see docs/operate/tuning.md."
    )
    processes: int = Field(
        default_factory=lambda: min(_processors(), 2),
        ge=1,
        le=64,
        description="Web processes. Default: two, or one if only one CPU may be used; see docs/operate/tuning.md.",
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

    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="From which level on lines are written to the log."
    )
    log_format: Literal["text", "json"] = Field(
        "text", description="`json`: each line of the log, also of the web server, is a JSON object."
    )
    access_log: Literal["off", "failed", "api", "all"] = Field(
        "failed",
        description="Which requests have a line in the log: `failed` those of programs and of the dashboard that were "
        "refused or failed, `api` all of these, `all` redirects and everything else too, `off` none.",
    )
    metrics_token: str | None = Field(
        None,
        min_length=16,
        repr=False,
        description="Token for `GET /metrics`, at least 16 characters: `Authorization: Bearer TOKEN`. Without it there "
        "are no metrics.",
    )

    @pydantic.field_validator("secret_key")
    @classmethod
    def _given_to_every_node(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None and not database_address.is_sqlite(info.data.get("database_url")):
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
        everywhere = value.rpartition(":")[0] in {"0.0.0.0", "[::]"}  # noqa: S104 - compared, not bound
        if (everywhere or value.startswith("unix:")) and info.data.get("public_url", "") is None:
            where = "every address" if everywhere else "a socket"
            raise ValueError(f"listens on {where}, so SHORTENER_PUBLIC_URL must say where recipients reach us")
        return value

    @pydantic.field_validator("visitors")
    @classmethod
    def _changes_the_list(cls, value: str | None) -> str | None:
        visitor.parse_rules(value or "", visitor.default_rules())  # its ValueError names every faulty line
        return value

    @pydantic.field_validator("data")
    @classmethod
    def _is_one_folder(cls, value: Path) -> Path:
        return data_folders.data_folder(value)  # decided only once, because this process writes into it

    @pydantic.field_validator("spool")
    @classmethod
    def _is_one_spool(cls, value: Path | None) -> Path | None:
        return value and data_folders.spool_folder(value)

    @property
    def embedded(self) -> bool:
        """Whether the database is SQLite, which needs no server."""
        return database_address.is_sqlite(self.database_url)

    @property
    def sqlalchemy_url(self) -> URL:
        """The database's URL as SQLAlchemy takes it."""
        default = self.data / settings_file.DATABASE
        # Flask-SQLAlchemy looked for relative files in `instance`, so they stay there.
        return database_address.sqlalchemy_url(self.database_url, default, settings_file.HOME / "instance")

    @property
    def database_file(self) -> Path | None:
        """The SQLite file; None on PostgreSQL."""
        return Path(self.sqlalchemy_url.database or "") if self.embedded else None

    @property
    def shown_database(self) -> str:
        """The database's path, or its URL without the password."""
        return str(self.database_file or self.sqlalchemy_url.set(drivername="postgresql"))

    @cached_property
    def secret_keys(self) -> tuple[str, ...]:
        """The keys that decrypt stored secrets; the first one encrypts. SettingsError if there is none.

        On SQLite, a first key that is not set is read from the data folder, or made there.
        """
        first = self.secret_key or secret_key.stored(self.data, self.database_file or Path())
        return (first, self.secret_key_old) if self.secret_key_old else (first,)

    @property
    def spool_folder(self) -> Path:
        """The folder for clicks that the database could not store."""
        return self.spool or self.data / data_folders.SPOOL

    @property
    def socket_path(self) -> Path | None:
        """The Unix socket to listen on, if it is not an address."""
        return Path(self.bind.removeprefix("unix:")) if self.bind.startswith("unix:") else None

    @property
    def base_url(self) -> str:
        """The public address, without a final slash."""
        return (self.public_url or f"http://{self.bind}").rstrip("/")

    @property
    def receipts_base_url(self) -> str:
        """The address at which gateways reach us, without a final slash."""
        return (self.internal_url or self.base_url).rstrip("/")

    @property
    def own_receivers(self) -> frozenset[str]:
        """The receivers that are this installation, as `host:port`; other ports of the host may be other programs."""
        parts = urlsplit(self.base_url)
        ports = {parts.port} if parts.port else {80, 443}
        return frozenset(f"{(parts.hostname or '').lower()}:{port}" for port in ports)

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Read `SHORTENER_*` and `SHORTENER_*_FILE`; SettingsError with all faults; warns of unknown names.

        Without `environ`, reads the environment of the process, and the settings file for what that does not set.
        """
        given = settings_file.environment() if environ is None else environ
        values, faults = from_environment.collect(given, set(cls.model_fields))
        try:
            settings = cls(**values)
        except pydantic.ValidationError as error:
            raise SettingsError(
                list(faults.values()) + from_environment.sentences(error, without=set(faults))
            ) from None
        if faults:
            raise SettingsError(list(faults.values()))
        return settings

    def make_ready(self) -> tuple[str, ...]:
        """Make the data folder and the secret key if they are missing; return the keys. SettingsError if that fails.

        Commands that only read must not call this: the settings may name the wrong folder.
        """
        self.make_folder()
        return self.secret_keys

    def make_folder(self) -> None:
        """Make the data folder if the database will be in it; SettingsError if that fails."""
        if self.database_url is None:
            secret_key.made_folder(self.data)
