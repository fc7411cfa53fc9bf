"""Settings from `SHORTENER_*`: checked at start, every fault named at once, no default secret."""

import ipaddress
import os
import secrets
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from shortener.errors import SettingsError

PREFIX = "SHORTENER_"
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _commas(value: object) -> object:
    """Take `a, b` apart; an empty text is an empty list."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


def _web_address(value: object) -> object:
    """Hold a public address to `http(s)://host[:port]`, without a path: slugs stand at the root."""
    if value is None or value == "":
        return None
    parts = urlsplit(str(value))
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/") or parts.query:
        raise ValueError("must look like https://s.example.com, without a path")
    return str(value).rstrip("/")


def _url_or_none(value: object) -> object:
    if value is None or value == "":
        return None
    parts = urlsplit(str(value))
    if parts.scheme not in {"http", "https"} or not parts.hostname or not str(value).isascii():
        raise ValueError("must be an http:// or https:// URL in ASCII")
    return value


Networks = Annotated[tuple[Network, ...], BeforeValidator(_commas)]
Seconds = Annotated[tuple[Annotated[float, Field(ge=0, le=604_800)], ...], BeforeValidator(_commas)]
Switch = Literal["on", "off"]


class Settings(BaseModel):
    """Everything an operator can set; each field is `SHORTENER_` plus its name in capitals."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    public_url: Annotated[str | None, BeforeValidator(_web_address)] = Field(
        None,
        description="Where recipients reach us, without a path: `https://s.example.com`. Shortlinks begin with it. "
        "Default: `http://` and `SHORTENER_BIND`.",
    )
    bind: str = Field("127.0.0.1:8000", description="Address and port to listen on.")
    data: Path = Field(Path("data"), description="Folder for the SQLite file and the stored secret key.")
    database_url: str | None = Field(
        None, description="`postgresql://user:password@host/name`. Default: SQLite in `SHORTENER_DATA`."
    )
    secret_key: str | None = Field(
        None,
        min_length=32,
        repr=False,
        description="At least 32 characters; encrypts the stored signing secrets. With SQLite it is made on the "
        "first start and kept in `SHORTENER_DATA/secret_key`; with PostgreSQL it must be given.",
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
        description="Seconds before each retry of a callback, comma-separated, at most ten; there are as many "
        "retries as numbers.",
    )
    callback_timeout: float = Field(15, gt=0, le=60, description="Seconds that one attempt may take in all.")
    callback_allow_nets: Networks = Field(
        (),
        description="Networks (CIDR, comma-separated) that callbacks may reach though they are not public.",
    )
    callback_allow_http: Switch = Field("on", description="`off`: callback URLs must be https.")
    trusted_proxies: Networks = Field(
        (),
        description="Networks (CIDR, comma-separated) of your reverse proxies; only from these is `X-Forwarded-*`"
        " believed.",
    )
    worker: Switch = Field(
        "on",
        description="`off`: the web processes deliver no callbacks; run `flask --app wsgi worker` beside them.",
    )
    fallback_url: Annotated[str | None, BeforeValidator(_url_or_none)] = Field(
        None,
        description="Where visitors of unknown, expired and switched-off links go, in place of a small page.",
    )
    processes: int = Field(2, ge=1, le=64, description="Web processes.")
    threads: int = Field(8, ge=1, le=128, description="Threads in each web process.")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.retention_days < self.link_days:
            raise ValueError("SHORTENER_RETENTION_DAYS must not be below SHORTENER_LINK_DAYS")
        if self.database_url is not None:
            if not self.database_url.startswith(
                ("postgresql://", "postgres://", "postgresql+psycopg://", "sqlite:///")
            ):
                raise ValueError("SHORTENER_DATABASE_URL must begin with postgresql:// (or sqlite:///)")
            if self.secret_key is None and not self.embedded:
                raise ValueError("SHORTENER_SECRET_KEY is required with PostgreSQL: every node needs the same one")
        return self

    @property
    def embedded(self) -> bool:
        """True on SQLite: one machine, nothing else to install."""
        return self.database_url is None or self.database_url.startswith("sqlite:")

    @property
    def sqlalchemy_url(self) -> str:
        """The database as SQLAlchemy wants it named."""
        if self.database_url is None:
            return f"sqlite:///{self.data.resolve() / 'shortener.sqlite3'}"
        scheme, _, rest = self.database_url.partition("://")
        return self.database_url if scheme.startswith("sqlite") else f"postgresql+psycopg://{rest}"

    @property
    def base_url(self) -> str:
        """The public address, without a slash at its end."""
        return self.public_url or f"http://{self.bind}"

    @property
    def own_hosts(self) -> frozenset[str]:
        """The public host, in lower case: never a target, never a receiver."""
        return frozenset({(urlsplit(self.base_url).hostname or "").lower()})

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """Read `SHORTENER_*` and `SHORTENER_*_FILE`; raise SettingsError with every fault; warn of unknown names."""
        values, faults = _collect(environ, set(cls.model_fields))
        try:
            settings = cls(**values)
        except ValidationError as error:
            raise SettingsError(faults + [_sentence(fault) for fault in error.errors()]) from None
        if faults:
            raise SettingsError(faults)
        return settings.with_secret_key()

    def with_secret_key(self) -> Self:
        """Give back settings that have a secret key: the given one, or the one kept in the data folder."""
        if self.secret_key is not None:
            return self
        return self.model_copy(update={"secret_key": _kept_secret_key(self.data)})


def _collect(environ: Mapping[str, str], known: set[str]) -> tuple[dict[str, Any], list[str]]:
    values: dict[str, Any] = {}
    faults: list[str] = []
    for name, value in environ.items():
        if not name.startswith(PREFIX):
            continue
        field, from_file = name.removeprefix(PREFIX).lower(), False
        if field not in known and field.removesuffix("_file") in known:
            field, from_file = field.removesuffix("_file"), True
        if field not in known:
            warnings.warn(f"{name} is not a setting of this version and is ignored", stacklevel=3)
        elif field in values:
            faults.append(f"{PREFIX}{field.upper()}: given both directly and as a file; give one")
        elif not from_file:
            values[field] = value
        else:
            try:
                values[field] = Path(value).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                faults.append(f"{name}: cannot read the file: {error}")
    return values, faults


def _sentence(fault: Any) -> str:
    message = str(fault["msg"]).removeprefix("Value error, ")
    return f"{PREFIX}{str(fault['loc'][0]).upper()}: {message}" if fault["loc"] else message


def _kept_secret_key(data: Path) -> str:
    """Read the key in the data folder, or make it; two processes that start at once end up with one key."""
    path = data / "secret_key"
    try:
        data.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            fresh = data / f"secret_key.{os.getpid()}"
            descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(secrets.token_urlsafe(48))
                file.flush()
                os.fsync(file.fileno())
            try:
                os.link(fresh, path)
            except FileExistsError:
                pass  # the other process was first; its key counts
            finally:
                fresh.unlink()
        key = path.read_text(encoding="ascii").strip()
    except OSError as error:
        raise SettingsError([f"SHORTENER_DATA: cannot keep the secret key in {data}: {error}"]) from None
    if len(key) < 32:
        raise SettingsError([f"SHORTENER_DATA: {path} does not hold a secret key"])
    return key
