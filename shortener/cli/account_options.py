"""Options of `account set` for sendings, limits and the pages that recipients see."""

from collections.abc import Callable, Collection, Mapping
from typing import Any, Final, TypeVar

import click

from shortener.accounts import recipient_pages, sending_defaults
from shortener.accounts.sending_defaults import SendingDefaults
from shortener.cli.commands import choice_of
from shortener.rules.delivery.gateway_name import NONE
from shortener.rules.delivery.gateway_rules import OnUnsure, QuietMode
from shortener.rules.delivery.receiver import Policy

DEFAULT: Final = "default"
OWNERS: Final = "owners"
# How an option says that the account shall have none of its own.
ABSENT: Final = {
    "gateway": DEFAULT,
    "receipts_url": NONE,
    "alerts_url": NONE,
    "alert_mail": OWNERS,
    "monthly_limit": NONE,
    "messages_per_second": DEFAULT,
    "quiet_hours": NONE,
    "sender_name": DEFAULT,
    "sender_contact": DEFAULT,
    "fallback_url": DEFAULT,
}
Command = TypeVar("Command", bound=Callable[..., Any])
_OPTIONS: Final = (
    click.option("--gateway", metavar="NAME", help="What carries its messages; none, or default: SHORTENER_GATEWAY's."),
    click.option("--receipts-url", metavar="URL", help="Where new states of messages are sent to; or none."),
    click.option("--alerts-url", metavar="URL", help="Where signed alert events are sent to; or none."),
    click.option(
        "--alert-mail",
        metavar="ADDRESSES",
        help="Who gets mails about incidents: addresses, none, or owners.",
    ),
    click.option("--on-unsure", type=choice_of(OnUnsure), help="After a sending that may have been done."),
    click.option("--monthly-limit", metavar="N", help="At most N messages in a month; or none."),
    click.option(
        "--messages-per-second",
        metavar="N",
        help="At most N messages in a second; or default: SHORTENER_MESSAGES_PER_SECOND's.",
    ),
    click.option("--time-zone", metavar="ZONE", help="The zone of months, quiet hours and pages: Asia/Seoul."),
    click.option(
        "--quiet-hours",
        metavar="'20:00-08:00 ZONE'",
        help="The hours when nothing is sent, perhaps with the time zone; or none.",
    ),
    click.option("--quiet-mode", type=choice_of(QuietMode), help="What happens to messages in quiet hours."),
    click.option("--sender-name", metavar="TEXT", help="Its name on pages of dead links; or default."),
    click.option("--sender-contact", metavar="CONTACT", help="How recipients reach it; or default."),
    click.option("--fallback-url", metavar="URL", help="Where visitors of its dead links are redirected; or default."),
)


def sending_options(command: Command) -> Command:
    """Add the options to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def checked(given: Mapping[str, str], policy: Policy, gateways: Collection[str]) -> dict[str, Any]:
    """Return the changes that these options mean, by column; InvalidFieldsError with everything that is wrong."""
    fields = {name: None if value == ABSENT.get(name) else value for name, value in given.items()}
    sending = {name: fields[name] for name in SendingDefaults.model_fields if name in fields}
    pages = {name: fields[name] for name in recipient_pages.COLUMNS if name in fields}
    return sending_defaults.changes(sending, policy, gateways) | recipient_pages.changes(pages)
