"""Check whether the operator's servers can be reached: gateways, the mail relay, the storage of exports."""

from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import urlsplit

from shortener.cli.doctor.finding import Finding, fault, ok
from shortener.config.settings import Settings
from shortener.outbound import reach
from shortener.outbound.reach import Server
from shortener.rules import export_place
from shortener.rules.delivery import server_address
from shortener.rules.delivery.server_address import HTTP_PORTS, SMTP_PORTS, ServerAddress
from shortener.rules.export_place import Place

CHECK: Final = "reach"
WITH_TLS: Final = ("https", "smtps")
STORAGE: Final = "the storage of exports"
GOOGLE: Final = "storage.googleapis.com"


def examine(settings: Settings) -> Iterator[Finding]:
    """Connect to all servers that the settings name, at the same time."""
    servers = list(named(settings))
    if not servers:
        yield ok(CHECK, "The settings name no gateway and no storage on another server.")
    for server, why in reach.why_unreachable(servers).items():
        yield judge(server, why)


def judge(server: Server, why: str | None) -> Finding:
    """Judge whether a server was reached."""
    name, where = server.name[0].upper() + server.name[1:], f"{server.host}, port {server.port}"
    if why is None:
        return ok(CHECK, f"{name} can be reached ({where}).")
    return fault(
        CHECK,
        f"{name} cannot be reached ({where}): {why}.",
        "Check the setting, the name server and the firewall of this machine.",
    )


def named(settings: Settings) -> Iterator[Server]:
    """Yield the servers of the settings."""
    for name, address in settings.vendor_addresses.items():
        yield _of(f"the gateway {name}", address)
    if settings.kannel_url:
        yield _of("Kannel", server_address.parse(settings.kannel_url, HTTP_PORTS))
    if settings.smtp_url:
        yield _of("the mail relay", server_address.parse(settings.smtp_url, SMTP_PORTS))
    for place in list(settings.export_places.values())[:1]:
        if (storage := of_storage(place, settings.storage_options)) is not None:
            yield storage


def _of(name: str, address: ServerAddress) -> Server:
    return Server(name, address.host, address.port, address.scheme in WITH_TLS)


def of_storage(place: Place, options: Mapping[str, str]) -> Server | None:
    """Return the server of a bucket; None for a folder, or if only the environment names it."""
    endpoint = next((text for name, text in options.items() if "endpoint" in name and "//" in text), None)
    if place.scheme == export_place.FOLDER:
        return None
    if endpoint is not None:
        parts = urlsplit(endpoint)
        return Server(STORAGE, parts.hostname or "", parts.port or HTTP_PORTS[parts.scheme], parts.scheme in WITH_TLS)
    region = options.get("region") or options.get("aws_region")
    account = options.get("account_name") or options.get("azure_storage_account_name")
    hosts = {
        "s3": region and f"s3.{region}.amazonaws.com",
        "gs": GOOGLE,
        "az": account and f"{account}.blob.core.windows.net",
    }
    host = hosts[place.scheme]
    return Server(STORAGE, host, HTTP_PORTS["https"], True) if host else None
