"""The settings of shortlinks: where clicks are told. The vendor has them for each domain, we for each account."""

from typing import Annotated, Any, Final

from pydantic import Field

from shortener.running.services import services
from shortener.validation.models import VendorFields
from shortener.validation.types import URL_LENGTH, CallbackUrl, Switch, Text
from shortener.vendors.twilio import answers, calls, names
from shortener.vendors.twilio.answers import TwilioConfig
from shortener.web import face_messages, message_reports
from shortener.web.access import Sender, for_senders
from shortener.web.description.operation import Answer, described
from shortener.web.vendor_requests import one, read

PREFIX: Final = "/v1/LinkShortening/"
_CONFIG: Final = f"{PREFIX}Domains/<domain_sid>/Config"
_URL: Final = {"type": "string", "format": "uri"}
_SCHEMA: Final[dict[str, Any]] = {
    "title": "TwilioNewConfig",
    "type": "object",
    "properties": {
        "CallbackUrl": {**_URL, "description": "The URL to call after a message's first click."},
        "FallbackUrl": {**_URL, "description": "Kept and given back; dead links have our own page."},
        "ContinueOnFailure": {"type": "boolean", "description": "Kept and given back."},
        "DisableHttps": {"type": "boolean", "description": "Kept and given back."},
    },
    "examples": [{"CallbackUrl": "https://crm.example.com/clicked"}],
}


class NewConfig(VendorFields):
    """The settings to change; what is missing stays as it is, and an empty URL is taken away."""

    callback_url: Annotated[CallbackUrl | None, Field(alias="CallbackUrl")] = None
    fallback_url: Annotated[
        Text | None, Field(alias="FallbackUrl", max_length=URL_LENGTH, pattern=r"^https?://[^\s]+$")
    ] = None
    continue_on_failure: Annotated[Switch, Field(alias="ContinueOnFailure")] = None
    disable_https: Annotated[Switch, Field(alias="DisableHttps")] = None


def callback_url(account: Sender) -> str | None:
    """Return the URL that is called after a message's first click."""
    url: str | None = face_messages.settings(account, names.NAME).get("callback_url")
    return url


@calls.BLUEPRINT.get(_CONFIG)
@described(calls.operation("config", {200: Answer("The settings.")}))
@for_senders
def fetch_config(account: Sender, domain_sid: str) -> TwilioConfig:
    """Get the settings of shortlinks; the domain may be any name."""
    return _shown(account, domain_sid)


@calls.BLUEPRINT.post(_CONFIG)
@described(calls.operation("set_config", {200: Answer("The settings.")}, body=_SCHEMA))
@for_senders
def set_config(account: Sender, domain_sid: str) -> TwilioConfig:
    """Change the settings of shortlinks, for later messages."""
    given = {name: one(value) for name, value in read().fields.items()}
    wanted = {name: value if value != "" else None for name, value in given.items()}
    changed = NewConfig.check(wanted, services().policy).model_dump(exclude_unset=True)
    now = f"{message_reports.now():%Y-%m-%dT%H:%M:%SZ}"
    stored = {"date_created": now, **face_messages.settings(account, names.NAME), **changed, "date_updated": now}
    kept = {name: value for name, value in stored.items() if value is not None}
    face_messages.set_settings(account, names.NAME, kept)
    return _shown(account, domain_sid)


def _shown(account: Sender, domain_sid: str) -> TwilioConfig:
    stored = face_messages.settings(account, names.NAME)
    return answers.config(account.sid, domain_sid, stored, services().site.base_url)
