"""Labels of values and fixed sentences, in the reader's language. Tests check that every value has its label."""

import enum
from collections.abc import Sequence
from typing import Final

from flask_babel import lazy_gettext as _
from flask_babel import lazy_pgettext as pgettext
from flask_babel.speaklater import LazyString

from shortener.callbacks.conditions import About, ListedState
from shortener.rules.alerts.incident_kind import IncidentKind
from shortener.rules.deed import Deed, Origin
from shortener.rules.delivery.attempt_outcome import AttemptOutcome
from shortener.rules.delivery.gateway_rules import Channel, OnUnsure, QuietMode
from shortener.rules.delivery.job_state import JobState
from shortener.rules.delivery.message_state import MessageState
from shortener.rules.delivery.reason import Reason
from shortener.rules.links.detection import BareDomains, Detection
from shortener.rules.links.skip_reason import SkipReason
from shortener.rules.links.tracking import Track
from shortener.rules.recipient_storage import RecipientStorage
from shortener.rules.role import Role
from shortener.rules.scope import Scope
from shortener.rules.visitors.threshold import Threshold
from shortener.rules.visitors.visitor import Visitor
from shortener.storage.models import CLICK
from shortener.web.dashboard.language import spoken

Labels = dict[str, LazyString]

VISITORS: Final[Labels] = {
    Visitor.PERSON: _("person"),
    Visitor.UNKNOWN: _("unknown"),
    Visitor.PREVIEW: _("preview"),
    Visitor.BOT: _("bot"),
    Visitor.SCANNER: _("scanner"),
}
STATES: Final[Labels] = {
    JobState.PENDING: _("waiting"),
    JobState.ATTEMPTING: _("under way"),
    JobState.DELIVERED: _("delivered"),
    JobState.EXHAUSTED: _("exhausted"),
    JobState.HELD: _("held"),
    JobState.CANCELED: _("canceled"),
}
INCIDENTS: Final[Labels] = {
    IncidentKind.CALLBACKS_EXHAUSTED: _("callbacks exhausted"),
    IncidentKind.RECEIVER_FAILING: _("receiver failing"),
    IncidentKind.CLICKS_SPOOLED: _("clicks went to the spool"),
    IncidentKind.CLICKS_LOST: _("clicks lost"),
    IncidentKind.LIMIT_NEAR: _("monthly limit nearly used"),
    IncidentKind.LIMIT_REACHED: _("monthly limit reached"),
}
EXPORT_STATES: Final[Labels] = {
    JobState.PENDING: pgettext("export", "waiting"),
    JobState.ATTEMPTING: pgettext("export", "under way"),
    JobState.DELIVERED: pgettext("export", "written"),
    JobState.EXHAUSTED: pgettext("export", "failed"),
    JobState.CANCELED: pgettext("export", "canceled"),
}
CAMPAIGN_STATES: Final[Labels] = {
    JobState.HELD: pgettext("campaign", "not started"),
    JobState.PENDING: pgettext("campaign", "under way"),
    JobState.DELIVERED: pgettext("campaign", "done"),
    JobState.EXHAUSTED: pgettext("campaign", "failed"),
    JobState.CANCELED: pgettext("campaign", "canceled"),
}
CAMPAIGN_FIELDS: Final[Labels] = {
    "message": _("Message"),
    "recipient": _("Recipient"),
    "sender": _("Sender"),
    "client_tag": _("Client tag"),
    "lt_callbackurl": _("URL to call after the first click"),
    "tags": _("Tags"),
}
ENCODINGS: Final[Labels] = {
    "utf-8": "UTF-8",
    "utf-16": "UTF-16",
    "cp932": _("Japanese (Shift_JIS, Excel)"),
    "euc_jp": _("Japanese (EUC-JP)"),
    "cp949": _("Korean (EUC-KR, Excel)"),
    "gb18030": _("Simplified Chinese (GB 18030)"),
    "big5": _("Traditional Chinese (Big5)"),
    "cp1252": _("Western European (Windows-1252)"),
}
ORIGINS: Final[Labels] = {
    Origin.COMMAND: _("command line"),
    Origin.API: _("API"),
    Origin.DASHBOARD: _("dashboard"),
}
SCOPES: Final[Labels] = {
    Scope.SEND: _("send messages"),
    Scope.READ: _("read reports, lists and exports"),
    Scope.MANAGE: _("manage messages and callbacks"),
    Scope.RECEIPTS: _("report receipts"),
}
DEEDS: Final[Labels] = {
    Deed.ACCOUNT_CREATED: _("Account created"),
    Deed.ACCOUNT_CHANGED: _("Account changed"),
    Deed.ACCOUNT_DISABLED: _("Account disabled"),
    Deed.ACCOUNT_ENABLED: _("Account enabled"),
    Deed.TOKEN_CREATED: _("Token created"),
    Deed.TOKEN_ROTATED: _("Token replaced"),
    Deed.TOKEN_REVOKED: _("Token revoked"),
    Deed.SECRET_ROTATED: _("Signing secret replaced"),
    Deed.SECRETS_RESEALED: _("Stored secrets encrypted again"),
    Deed.RECEIPTS_KEY_SHOWN: _("URL for receipts shown"),
    Deed.PERSON_CREATED: _("Person added"),
    Deed.PERSON_INVITED: _("Person invited"),
    Deed.PERSON_CHANGED: _("Person changed"),
    Deed.PERSON_DISABLED: _("Person disabled"),
    Deed.PERSON_ENABLED: _("Person enabled"),
    Deed.PASSWORD_CHANGED: _("Password changed"),
    Deed.RESET_LINK_CREATED: _("Link for a new password created"),
    Deed.SIGNED_IN: _("Signed in"),
    Deed.SIGN_IN_FAILED: _("Sign-in failed"),
    Deed.SIGNED_OUT: _("Signed out"),
    Deed.SWITCHED_OFF: _("Link switched off"),
    Deed.SWITCHED_ON: _("Link switched on again"),
    Deed.CANCELED: _("Message canceled"),
    Deed.REPEATED: _("Message sent again"),
    Deed.GIVEN_UP: _("Message given up"),
    Deed.ERASED: _("Message erased"),
    Deed.REPLAYED: _("Callback replayed"),
    Deed.CAMPAIGN_STARTED: _("Campaign started"),
    Deed.CAMPAIGN_CANCELED: _("Campaign canceled"),
    Deed.CAMPAIGN_DELETED: _("Campaign deleted"),
    Deed.EXPORT_STARTED: _("Export started"),
    Deed.EXPORT_CANCELED: _("Export canceled"),
    Deed.MESSAGES_EXPORTED: _("Messages exported"),
    Deed.MESSAGES_PRUNED: _("Old messages deleted"),
    Deed.CLOCK_TRUSTED: _("Clock confirmed"),
    Deed.DATABASE_RESTORED: _("Database restored"),
    Deed.AUDIT_EXPORTED: _("Audit log exported"),
}
# The conditions of a filter, by the names of their parameters.
FILTERS: Final[Labels] = {
    "from": _("Received from"),
    "to": _("Received before"),
    "tag": _("Tag"),
    "clicked": _("Clicked"),
    "visitor": _("Visited by"),
    "state": _("State"),
    "recipient": _("Recipient"),
    "client_tag": _("Client tag"),
    "text": _("Client tag, msgid or shortlink"),
}
_CLICKED: Final[Labels] = {"true": _("yes"), "false": _("no")}
MESSAGE_STATES: Final[Labels] = {
    MessageState.SCHEDULED: _("scheduled"),
    MessageState.QUEUED: _("queued"),
    MessageState.SENT: _("sent"),
    MessageState.BUFFERED: _("buffered"),
    MessageState.ACCEPTED: _("accepted"),
    MessageState.UNKNOWN: _("unknown outcome"),
    MessageState.EXPIRED: _("expired"),
    MessageState.FAILED: _("failed"),
    MessageState.REJECTED: _("rejected"),
    MessageState.DELIVERED: _("delivered"),
    MessageState.CANCELED: _("canceled"),
}
# What each state means for the message.
STATE_MEANINGS: Final[Labels] = {
    MessageState.SCHEDULED: _("It waits for its time."),
    MessageState.QUEUED: _("It has not been handed to the gateway yet."),
    MessageState.SENT: _("The gateway took it. Nothing more is known yet."),
    MessageState.BUFFERED: _("The gateway or the carrier keeps it and tries again later."),
    MessageState.ACCEPTED: _("The carrier or the next mail server took it."),
    MessageState.UNKNOWN: _("No receipt says what became of it. A later one changes this."),
    MessageState.EXPIRED: _("It was tried until its period ended."),
    MessageState.FAILED: _("It was tried, and it will not arrive."),
    MessageState.REJECTED: _("It was refused, and it will not arrive."),
    MessageState.DELIVERED: _("It arrived."),
    MessageState.CANCELED: _("It was taken back before it was sent."),
}
REASONS: Final[Labels] = {
    Reason.NONE: _("no reason"),
    Reason.UNKNOWN: _("reason unknown"),
    Reason.ABSENT_TEMPORARY: _("phone off or without signal"),
    Reason.ABSENT_PERMANENT: _("number no longer in use"),
    Reason.BARRED_BY_USER: _("barred by the recipient"),
    Reason.PORTABILITY: _("number moved to another operator"),
    Reason.SPAM: _("taken for spam"),
    Reason.BUSY: _("phone busy"),
    Reason.NETWORK: _("carrier's network failed"),
    Reason.OPTED_OUT: _("opted out"),
    Reason.BAD_MESSAGE: _("message not well formed"),
    Reason.NO_ROUTE: _("no route to the network"),
    Reason.UNREACHABLE: _("invalid number"),
    Reason.AGE: _("recipient too young"),
    Reason.BLOCKED_BY_CARRIER: _("SMS blocked by the carrier"),
    Reason.NO_CREDIT: _("recipient's credit used up"),
    Reason.RATE: _("too many messages at once"),
    Reason.PROVIDER_BLOCK: _("blocked by the gateway"),
    Reason.FRAUD_RULE: _("stopped by a rule against fraud"),
    Reason.FRAUD_RANGE: _("too many numbers of one range"),
    Reason.FRAUD_BURST: _("sudden rise in traffic"),
    Reason.FRAUD_AIT: _("taken for artificial traffic"),
    Reason.BAD_SENDER_US: _("sender not registered in the US"),
    Reason.DAILY_LIMIT: _("daily limit reached"),
    Reason.REGULATION_ENTITY: _("entity ID missing or wrong"),
    Reason.REGULATION_HEADER: _("registered sender missing or wrong"),
    Reason.REGULATION_CONTENT: _("content ID missing or wrong"),
    Reason.REGULATION_CONSENT: _("no consent on record"),
    Reason.REGULATION: _("stopped by a country's rule"),
    Reason.GENERAL: _("failed while being processed"),
    Reason.QUIET_HOURS: _("quiet hours"),
    Reason.MONTHLY_LIMIT: _("monthly limit reached"),
    Reason.BAD_LINK: _("link not allowed"),
    Reason.DUPLICATE: _("duplicate"),
    Reason.CANCELED: _("canceled by the sender"),
    Reason.MAILBOX_FULL: _("mailbox full"),
    Reason.NO_SUCH_ADDRESS: _("no such e-mail address"),
    Reason.MAIL_REFUSED: _("mail refused"),
}
CHANNELS: Final[Labels] = {Channel.SMS: _("SMS"), Channel.EMAIL: _("e-mail")}
LISTED: Final[Labels] = {
    ListedState.WAITING: _("waiting"),
    ListedState.FAILING: _("failing"),
    ListedState.DELIVERED: _("delivered"),
    ListedState.EXHAUSTED: _("exhausted"),
}
ABOUT: Final[Labels] = {About.CLICK: _("first clicks"), About.RECEIPT: _("states of messages")}
OUTCOMES: Final[Labels] = {
    AttemptOutcome.RUNNING: _("under way"),
    AttemptOutcome.DELIVERED: _("delivered"),
    AttemptOutcome.ANSWERED: _("not 200"),
    AttemptOutcome.TIMEOUT: _("timed out"),
    AttemptOutcome.BLOCKED: _("blocked"),
    AttemptOutcome.UNRESOLVED: _("name not found"),
    AttemptOutcome.REFUSED: _("no connection"),
    AttemptOutcome.TLS: _("TLS error"),
    AttemptOutcome.BROKEN: _("no HTTP response"),
    AttemptOutcome.UNSIGNED: _("not signed"),
    AttemptOutcome.INTERRUPTED: _("interrupted"),
    AttemptOutcome.TAKEN: _("taken"),
    AttemptOutcome.DECLINED: _("declined"),
    AttemptOutcome.BUSY: _("try later"),
    AttemptOutcome.UNSURE: _("not sure"),
    AttemptOutcome.UNWRITTEN: _("not written"),
}
ROLES: Final[Labels] = {Role.OWNER: _("owner"), Role.VIEWER: _("viewer")}
DEFAULT_NAMES: Final[Labels] = {
    "track_link": _("Link shortening"),
    "detection": _("Link detection"),
    "bare_domains": _("Links without https://"),
    "count_as_click": _("Count as a click"),
    "recipient_storage": _("Recipient storage"),
}
DEFAULTS: Final[dict[str, Labels]] = {
    "track_link": {"on": _("on: shorten links"), "off": _("off: shorten only if the message asks for it")},
    "detection": {
        Detection.STRICT: _("strict: only links between spaces or line breaks"),
        Detection.SMART: _("smart: also links next to quotes, marks and Chinese, Japanese or Korean text"),
    },
    "bare_domains": {
        BareDomains.CAREFUL: _("careful: example.com is a link, day.so is not"),
        BareDomains.ANY: _("any: every domain name is a link"),
        BareDomains.OFF: _("off: only links with http:// or https://"),
    },
    "count_as_click": {
        Threshold.PERSON: _("people only"),
        Threshold.PERSON_OR_UNKNOWN: _("people and visitors who may be people"),
        Threshold.ANY: _("everyone, including bots"),
    },
    "recipient_storage": {
        RecipientStorage.FULL: _("in full"),
        RecipientStorage.MASKED: _("masked, except for the last four characters"),
        RecipientStorage.NONE: _("not at all"),
    },
}
ON_UNSURE: Final[Labels] = {
    OnUnsure.HOLD: _("hold it until somebody decides"),
    OnUnsure.REPEAT: _("send it again; it may arrive twice"),
}
QUIET_MODES: Final[Labels] = {
    QuietMode.REFUSE: _("refuse messages"),
    QuietMode.HOLD: _("send messages when they end"),
}
TRACKS: Final[Labels] = {Track.FIRST: _("the first link"), Track.ALL: _("all links")}
SKIPPED: Final[Labels] = {
    SkipReason.VARIABLE: _(
        "The link contains or touches a placeholder. Fill it in before you send the message, or put a space "
        "between them."
    ),
    SkipReason.DOUBLED: _("The scheme appears twice. Use https:// only once."),
    SkipReason.SEPARATOR: _("The scheme must be followed by exactly :// and then the domain."),
    SkipReason.TORN: _("A space splits the link, so it would lead to another domain. Remove the space."),
    SkipReason.SCHEME: _("Only http and https links can be tracked."),
    SkipReason.USERINFO: _("A user name or password before the domain is not allowed. Remove everything up to the @."),
    SkipReason.EMAIL: _("This is an e-mail address or part of one, not a link."),
    SkipReason.HOST: _("The domain is missing, incomplete or not valid. Write it in full, such as www.example.com."),
    SkipReason.PATH: _("The / between domain and path is missing or encoded as %2F. Use a plain /."),
    SkipReason.LOCALHOST: _("localhost is the recipient's own device. Use a public domain."),
    SkipReason.PRIVATE: _("This is a private or reserved address that recipients cannot reach. Use a public domain."),
    SkipReason.ADDRESS: _("The address has an unusual form. Write it as four decimal numbers, or use a domain."),
    SkipReason.LABEL: _("The host is a single word. Use a full domain such as www.example.com."),
    SkipReason.TLD: _("The top-level domain does not exist. Check the end of the domain."),
    SkipReason.PORT: _("The port must be a number from 1 to 65535. Correct it or leave it out."),
    SkipReason.IDN: _("The domain contains characters that no registered name can have. Write it as it is registered."),
    SkipReason.SCRIPT: _("Part of the domain mixes scripts that look alike. Write it in one script."),
    SkipReason.CONTROL: _(
        "The link contains control, invisible or direction characters, or half of a surrogate pair. Remove them."
    ),
    SkipReason.SPACE: _("The link contains white space. Write it as %20 or remove it."),
    SkipReason.CHARACTER: _('The link contains one of < > " \\ `. Percent-encode it, or put a space before it.'),
    SkipReason.LONG: _("The link is longer than 8000 characters in its ASCII form. Use a shorter one."),
    SkipReason.OWN: _("This is a link of the shortener itself. Use the link that it redirects to."),
    SkipReason.BARE: _("Links without http:// or https:// are not shortened here. Put https:// before it."),
    SkipReason.WORD: _(
        "This may be a word after a full stop or a file name. If it is a link, put https:// or www. before it."
    ),
    SkipReason.GLUED: _(
        "The link touches other text. Put a space before and after it, or use smart detection, which would take it."
    ),
    SkipReason.MARK: _(
        "A mark such as * or _ may belong to the link or to the text. Put a space between them, or use smart "
        "detection, which would take the link without the mark."
    ),
    SkipReason.KEPT: _("The message already contains a live link of the shortener and is returned unchanged."),
    SkipReason.LATER: _("Another link of the message is shortened. Only the first one is."),
    SkipReason.OFF: _('The link is marked with data-track="off".'),
    SkipReason.UNSUBSCRIBE: _("Recipients leave the list with this link, so it stays as it is."),
    SkipReason.MANY: _("The message has more than 1,000 links. Only the first 1,000 are shortened."),
}
BY_VOCABULARY: Final[dict[type[enum.StrEnum], Labels]] = {
    AttemptOutcome: OUTCOMES,
    BareDomains: DEFAULTS["bare_domains"],
    Channel: CHANNELS,
    Deed: DEEDS,
    Detection: DEFAULTS["detection"],
    IncidentKind: INCIDENTS,
    JobState: STATES,
    ListedState: LISTED,
    MessageState: MESSAGE_STATES,
    OnUnsure: ON_UNSURE,
    Origin: ORIGINS,
    QuietMode: QUIET_MODES,
    Reason: REASONS,
    RecipientStorage: DEFAULTS["recipient_storage"],
    Role: ROLES,
    SkipReason: SKIPPED,
    Threshold: DEFAULTS["count_as_click"],
    Track: TRACKS,
    Visitor: VISITORS,
}
# Faults of fields that forms of the dashboard can have. Others are shown in English, as the API words them.
FAULTS: Final[Labels] = {
    "is required": _("is required"),
    "belongs to another export": _("belongs to another export"),
    "must be 1 to 128 letters, digits, dots, hyphens and underscores, and begin with a letter or digit": _(
        "must be 1 to 128 letters, digits, dots, hyphens and underscores, and begin with a letter or digit"
    ),
    "must not end like a file of the other format": _("must not end like a file of the other format"),
    "must not be earlier than from": _("must not be earlier than the start of the period"),
    "must not contain the character NUL": _("must not contain the character NUL"),
    "must be at most 10000 characters": _("must be at most %(most)s characters", most="10,000"),
    "must be at most 2048 characters": _("must be at most %(most)s characters", most="2,048"),
    "must be at most 200 characters": _("must be at most %(most)s characters", most="200"),
    "must be a time like 2026-11-22T09:00:00Z": _("must be a time like 2026-11-22T09:00:00Z"),
    "must be after from, by at most 400 days": _("must be after from, by at most %(days)s days", days="400"),
    "must be an http or https URL": _("must be an http or https URL"),
    "must have a valid host": _("must have a valid host"),
    "must not contain a user name or password": _("must not contain a user name or password"),
    "must not contain a backslash or a fragment": _("must not contain a backslash or a fragment"),
    "must be printable ASCII: a punycode host, a percent-encoded path": _(
        "must be printable ASCII: a punycode host, a percent-encoded path"
    ),
    "must have its IPv4 address written as four decimal numbers": _(
        "must have its IPv4 address written as four decimal numbers"
    ),
    "must be an address that callbacks may go to: a public one, unless the operator decides otherwise": _(
        "must be an address that callbacks may go to: a public one, unless the operator decides otherwise"
    ),
    "must be two different times and perhaps a time zone, such as `20:00-08:00 Asia/Seoul`": _(
        "must be two different times and perhaps a time zone, such as 20:00-08:00 Asia/Seoul"
    ),
    "must be a time zone of the IANA database, such as Asia/Seoul or UTC": _(
        "must be a time zone of the IANA database, such as Asia/Seoul or UTC"
    ),
    "must not name another time zone than the account's": _("must not name another time zone than the account's"),
    "must have 1 to 100 printable characters": _("must have 1 to 100 printable characters"),
    "is the name of another token": _("is the name of another token"),
    "would be one more than 100 tokens; revoke another one first": _(
        "would be one more than 100 tokens; revoke another one first"
    ),
    "is the name of somebody who has a login already": _("is the name of somebody who has a login already"),
    "must have 1 to 200 printable characters": _("must have 1 to 200 printable characters"),
    "needs at least one choice": _("needs at least one choice"),
    "must be a date in the future": _("must be a date in the future"),
    "must have an allowed port": _("must have an allowed port"),
    "must be an https URL; http is not allowed": _("must be an https URL; http is not allowed"),
    "must not be our own address: the callback would call itself": _(
        "must not be our own address: the callback would call itself"
    ),
}
_NOT_VALID: Final = _("not a valid value")
# Confirmations at the top of a page, by the value of the parameter `done` in its URL.
DONE: Final[Labels] = {
    "password": _("Your password has been changed. You have been signed out everywhere else."),
    "chosen": _("Your password has been saved. You can sign in with it now."),
    "role": _("The role has been changed."),
    "disabled": _("The person has been disabled and signed out everywhere."),
    "enabled": _("The person has been enabled."),
    "last-owner": _("Nothing was changed: the account would have no owner left who can sign in."),
    "time-zone": _("Your time zone has been saved."),
    "replayed": _("The callback will be replayed. Reload the page to see the result."),
    "off": _("The link has been switched off."),
    "on": _("The link has been switched on again."),
    "stored": _("The message has been stored."),
    "stored-before": _("This form had stored the message before. Nothing was stored twice."),
    "repeated": _("The message is handed to the gateway again. Reload the page to see the result."),
    "given-up": _("The message has been given up. A receipt that comes later still changes its state."),
    "called-off": _("The message has been canceled. It will not be sent."),
    "decided": _("Nothing was changed: the message no longer waits for a decision."),
    "too-late": _("Nothing was changed: it is too late to cancel the message."),
    "campaign-started": _("The campaign has been started. Reload the page to see how far it is."),
    "campaign-canceled": _("The campaign has been canceled. Rows that were done stay."),
    "campaign-deleted": _("The campaign and its files have been deleted. Its messages stay."),
    "campaign-changed": _("Nothing was changed: the campaign was started, canceled or done before."),
    "exporting": _("The export has been started. Reload the page to see how far it is."),
    "export-canceled": _("The export has been canceled."),
    "export-ended": _("Nothing was changed: the export had already ended."),
    "revoked": _("The token has been revoked. It no longer works."),
    "sending": _("The settings for sending have been saved."),
    "pages": _("The pages for recipients have been saved. They change at once, also for links sent earlier."),
    "defaults": _("The defaults have been saved. They apply to messages received from now on."),
}


def about(name: str) -> str:
    """What a callback is about: a click, or a state of its message."""
    return str(_("first click") if name == CLICK else MESSAGE_STATES.get(name, name))


def condition(name: str, value: str) -> str:
    """The value of a condition of a filter."""
    labels = {"state": MESSAGE_STATES, "visitor": VISITORS, "clicked": _CLICKED}.get(name, {})
    return str(labels.get(value, value))


def faults(sentences: Sequence[str]) -> list[str]:
    """Translate what is wrong with a field; a sentence without a translation becomes a general one."""
    return [str(FAULTS.get(sentence, sentence if spoken() == "en" else _NOT_VALID)) for sentence in sentences]
