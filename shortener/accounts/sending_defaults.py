"""What an account's sendings have by default, and its limits; checked in this one place for commands and pages."""

from collections.abc import Collection, Mapping
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field

from shortener.errors import InvalidFieldsError
from shortener.rules import local_time, quiet_hours
from shortener.rules.delivery.gateway_name import NONE
from shortener.rules.delivery.gateway_rules import OnUnsure, QuietMode
from shortener.rules.delivery.receiver import Policy
from shortener.rules.mail.address import MailAddress
from shortener.validation.models import Faults, FieldsToCall
from shortener.validation.types import CallbackUrl

MOST: Final = 1_000_000_000  # messages in a month
MOST_PER_SECOND: Final = 1_000_000  # messages
MOST_ADDRESSES: Final = 10  # that are told about incidents
OTHER_ZONE: Final = "must not name another time zone than the account's"


def _zone(name: str) -> str:
    return local_time.zone(name).key


def _hours(text: str) -> str:
    quiet_hours.parse(text)
    return text


def _addresses(text: str) -> str:
    """Check `a@example.com, b@example.com`, at most ten; or `none`."""
    if text == NONE:
        return text
    parts = [part.strip() for part in text.split(",")]
    if len(parts) > MOST_ADDRESSES:
        raise ValueError(f"must have at most {MOST_ADDRESSES} addresses")
    return ",".join(str(MailAddress.parse(part)) for part in parts)


class SendingDefaults(FieldsToCall):
    """Changes of an account: what is not given stays, null takes it away. Quiet hours may name the time zone too."""

    gateway: str | None = None
    receipts_url: CallbackUrl | None = None
    alerts_url: CallbackUrl | None = None
    alert_mail: Annotated[str, AfterValidator(_addresses)] | None = None
    on_unsure: OnUnsure = OnUnsure.HOLD
    monthly_limit: Annotated[int | None, Field(ge=0, le=MOST)] = None
    messages_per_second: Annotated[int | None, Field(ge=1, le=MOST_PER_SECOND)] = None
    time_zone: Annotated[str, AfterValidator(_zone)] = "UTC"
    quiet_hours: Annotated[str, AfterValidator(_hours)] | None = None
    quiet_mode: QuietMode = QuietMode.REFUSE


def changes(fields: Mapping[str, Any], policy: Policy, gateways: Collection[str]) -> dict[str, Any]:
    """Return the new values by column. `policy` says which URLs may be called, `gateways` names those configured.

    InvalidFieldsError with everything that is wrong.
    """
    checked = SendingDefaults.check(fields, policy, faults=_gateway_faults(fields.get("gateway"), gateways))
    given = {name: getattr(checked, name) for name in checked.model_fields_set}
    if checked.quiet_hours is None:
        return given
    hours, zone = quiet_hours.parse(checked.quiet_hours)
    if zone and given.get("time_zone", zone) != zone:
        raise InvalidFieldsError({"quiet_hours": [OTHER_ZONE]})
    return given | {"quiet_hours": str(hours)} | ({"time_zone": zone} if zone else {})


def _gateway_faults(name: object, gateways: Collection[str]) -> Faults:
    if name is None or name == NONE or name in gateways:
        return {}
    return {
        "gateway": [f"must be one of those configured ({', '.join(sorted(gateways)) or 'there are none'}) or {NONE}"]
    }
