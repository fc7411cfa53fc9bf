"""What the product says in one word or one sentence, in the reader's language. A test holds it to what there is."""

from collections.abc import Sequence
from typing import Final

from flask_babel import lazy_gettext as _
from flask_babel.speaklater import LazyString

from shortener.rules.delivery.attempt_outcome import AttemptOutcome
from shortener.web.dashboard.language import spoken

Words = dict[str, LazyString]

VISITORS: Final[Words] = {
    "person": _("person"),
    "unknown": _("unknown"),
    "preview": _("preview"),
    "bot": _("bot"),
    "scanner": _("scanner"),
}
STATES: Final[Words] = {
    "pending": _("waiting"),
    "attempting": _("under way"),
    "delivered": _("delivered"),
    "exhausted": _("exhausted"),
}
# What lists of callbacks are asked for: `waiting` is what is not settled.
LISTED: Final[Words] = {
    "waiting": _("waiting"),
    "failing": _("failing"),
    "delivered": _("delivered"),
    "exhausted": _("exhausted"),
}
OUTCOMES: Final[dict[AttemptOutcome, LazyString]] = {
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
}
ROLES: Final[Words] = {"owner": _("owner"), "viewer": _("viewer")}
DEFAULT_NAMES: Final[Words] = {
    "track_link": _("Link shortening"),
    "detection": _("Link detection"),
    "bare_domains": _("Links without https://"),
    "count_as_click": _("Count as a click"),
    "recipient_storage": _("Recipient storage"),
}
DEFAULTS: Final[dict[str, Words]] = {
    "track_link": {"on": _("on: shorten links"), "off": _("off: shorten only if the message asks for it")},
    "detection": {
        "strict": _("strict: only links between spaces or line breaks"),
        "smart": _("smart: also links next to quotes, marks and Chinese, Japanese or Korean text"),
    },
    "bare_domains": {
        "careful": _("careful: example.com is a link, day.so is not"),
        "any": _("any: every domain name is a link"),
        "off": _("off: only links with http:// or https://"),
    },
    "count_as_click": {
        "person": _("people only"),
        "person_or_unknown": _("people and visitors who may be people"),
        "any": _("everyone, including bots"),
    },
    "recipient_storage": {
        "full": _("in full"),
        "masked": _("last four characters only"),
        "none": _("not at all"),
    },
}
SKIPPED: Final[Words] = {
    "variable": _("A placeholder is in the link or touches it; fill it in before you send, or put a space between."),
    "doubled": _("The scheme stands twice; keep one https://."),
    "separator": _("After the scheme there must be exactly :// and then the domain."),
    "torn": _("A space tears the link, so that another domain would be the target; remove the space."),
    "scheme": _("Only http and https links can be tracked."),
    "userinfo": _("User name or password before the domain is not allowed."),
    "email": _("This is an e-mail address, or a part of one, not a link."),
    "host": _("The domain is missing, incomplete or not valid; write it in full, such as www.example.com."),
    "path": _("The / between domain and path is missing or encoded as %2F."),
    "localhost": _("localhost is the reader's own device; use a public domain."),
    "private": _("This is a private or reserved address that recipients cannot reach."),
    "address": _("The address is written in an unusual form; write four decimal numbers, or use a domain."),
    "label": _("The host is a single word; use a full domain such as www.example.com."),
    "tld": _("The top-level domain does not exist; check the end of the domain."),
    "port": _("The port must be a number from 1 to 65535."),
    "idn": _("The domain holds characters that no registered name may have."),
    "script": _("One label of the domain mixes scripts that look alike."),
    "control": _("Control, invisible or direction characters are in the link; remove them."),
    "space": _("White space is in the link; write it as %20 or remove it."),
    "character": _("A character that must be percent-encoded is in the link."),
    "long": _("The link is too long; use a shorter one."),
    "own": _("This is a link of the shortener itself; use the link that it leads to."),
    "bare": _("Links without http:// or https:// are not taken here; put the scheme before it."),
    "word": _("This looks like a word after a full stop or like a file; put https:// before it if it is a link."),
    "glued": _(
        "The link touches other text; put a space before and after it, or use smart detection: it would take it."
    ),
    "mark": _(
        "A mark such as * or _ may belong to the link or to the text; put a space between, or use smart detection."
    ),
    "kept": _("The message holds a live link of the shortener already, and is given back unchanged."),
    "later": _("Another link of the message is shortened; only the first one is."),
}
# What is wrong with a field, where a person at a page may meet it; what is not here is said as programs are told it.
FAULTS: Final[Words] = {
    "is required": _("is required"),
    "must not contain the character NUL": _("must not contain the character NUL"),
    "must be at most 10000 characters": _("must be at most %(most)s characters", most="10,000"),
    "must be at most 2048 characters": _("must be at most %(most)s characters", most="2,048"),
    "must be at most 200 characters": _("must be at most %(most)s characters", most="200"),
    "must be a time like 2026-11-22T09:00:00Z": _("must be a time like 2026-11-22T09:00:00Z"),
    "must be after from": _("must be after from"),
    "not an http or https URL": _("not an http or https URL"),
    "the host is not valid": _("the host is not valid"),
    "user information is not allowed": _("user information is not allowed"),
    "a backslash or a fragment is not allowed": _("a backslash or a fragment is not allowed"),
    "only printable ASCII is allowed: a punycode host, a percent-encoded path": _(
        "only printable ASCII is allowed: a punycode host, a percent-encoded path"
    ),
    "an address must be written as four decimal numbers": _("an address must be written as four decimal numbers"),
    "callbacks may not go to this address; the operator can allow it with SHORTENER_CALLBACK_ALLOW_NETS": _(
        "callbacks may not go to this address; the operator can allow it with SHORTENER_CALLBACK_ALLOW_NETS"
    ),
    "port not allowed": _("port not allowed"),
    "http is not allowed; use https": _("http is not allowed; use https"),
    "this is our own address: the callback would call itself": _(
        "this is our own address: the callback would call itself"
    ),
}
_NOT_VALID: Final = _("not a valid value")
# What a page says on top after something was done: named in its URL, for nothing is kept between pages.
DONE: Final[Words] = {
    "password": _("Your password has been changed. You have been signed out everywhere else."),
    "replayed": _("The callback will be replayed. Reload the page to see the result."),
    "off": _("The link has been switched off."),
    "defaults": _("The defaults have been saved. They apply to messages received from now on."),
}


def faults(sentences: Sequence[str]) -> list[str]:
    """Translate what is wrong with a field; a sentence without a translation becomes a general one."""
    return [str(FAULTS.get(sentence, sentence if spoken() == "en" else _NOT_VALID)) for sentence in sentences]
