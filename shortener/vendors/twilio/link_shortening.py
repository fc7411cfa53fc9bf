"""The settings of shortlinks: where clicks are told. The vendor has them for each domain, we for each account."""

import logging
import re
from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field

from shortener.rules.delivery import receiver
from shortener.running.services import services
from shortener.validation.models import VendorFields
from shortener.validation.types import URL_LENGTH, CallbackUrl, Switch, Text
from shortener.vendors.twilio import answers, calls, names
from shortener.vendors.twilio.answers import TwilioConfig
from shortener.web import face_messages, message_reports
from shortener.web.access import Scope, Sender, for_senders
from shortener.web.description.operation import Answer, described
from shortener.web.vendor_requests import one, read

log = logging.getLogger(__name__)
PREFIX: Final = "/v1/LinkShortening/"
_CONFIG: Final = f"{PREFIX}Domains/<domain_sid>/Config"
_WEB: Final = re.compile(r"https?://[^\s]+")
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


def _web_url(given: str) -> str:
    if _WEB.fullmatch(given) is None:
        raise ValueError("must be a URL that begins with http:// or https://")
    return given


class NewConfig(VendorFields):
    """The settings to change; what is missing stays as it is, and an empty URL is taken away."""

    callback_url: Annotated[CallbackUrl | None, Field(alias="CallbackUrl")] = None
    fallback_url: Annotated[
        Annotated[Text, Field(max_length=URL_LENGTH), AfterValidator(_web_url)] | None, Field(alias="FallbackUrl")
    ] = None
    continue_on_failure: Annotated[Switch, Field(alias="ContinueOnFailure")] = None
    disable_https: Annotated[Switch, Field(alias="DisableHttps")] = None


def callback_url(account: Sender) -> str | None:
    """Return the URL that is called after a message's first click; None if the operator does not allow it any more."""
    url: str | None = face_messages.settings(account, names.NAME).get("callback_url")
    if url is not None and (fault := receiver.check(url, services().policy)):
        log.warning("account %s: clicks are not told to its CallbackUrl: it %s", account.sid, fault)
        return None
    return url


@calls.BLUEPRINT.get(_CONFIG)
@described(calls.operation("config", {200: Answer("The settings.")}))
@for_senders(Scope.READ)
def fetch_config(account: Sender, domain_sid: str) -> TwilioConfig:
    """Get the settings of shortlinks; the domain may be any name."""
    return _shown(account, domain_sid, face_messages.settings(account, names.NAME))


@calls.BLUEPRINT.post(_CONFIG)
@described(calls.operation("set_config", {200: Answer("The settings.")}, body=_SCHEMA))
@for_senders(Scope.MANAGE)
def set_config(account: Sender, domain_sid: str) -> TwilioConfig:
    """Change the settings of shortlinks, for later messages."""
    given = {name: one(value) for name, value in read().fields.items()}
    wanted = {name: value if value != "" else None for name, value in given.items()}
    changed = NewConfig.check(wanted, services().policy).model_dump(exclude_unset=True)
    now = f"{message_reports.now():%Y-%m-%dT%H:%M:%SZ}"

    def merged(stored: Mapping[str, Any]) -> Mapping[str, Any]:
        new = {"date_created": now, **stored, **changed, "date_updated": now}
        return {name: value for name, value in new.items() if value is not None}

    return _shown(account, domain_sid, face_messages.change_settings(account, names.NAME, merged))


def _shown(account: Sender, domain_sid: str, stored: Mapping[str, Any]) -> TwilioConfig:
    return answers.config(account.sid, domain_sid, stored, services().site.base_url)
