"""Is a bare domain meant as a link? Without a scheme that is a guess, and this is where it is made."""

from typing import Final

from shortener.rules.words import (
    ABBREVIATIONS,
    HIDDEN,
    MAIL_PROVIDERS,
    SECOND_LEVEL,
    SHARED_HOSTS,
    THINGS,
    WORDLIKE,
)

_SECOND_LEVEL: Final = frozenset(SECOND_LEVEL.split())
_SHARED_HOSTS: Final = frozenset(SHARED_HOSTS.split())
_ABBREVIATIONS: Final = frozenset(ABBREVIATIONS.split())
_THINGS: Final = frozenset(THINGS.split())
_MAIL_PROVIDERS: Final = frozenset(MAIL_PROVIDERS.split())
_ANY_CASE: Final = frozenset({"com", "net", "org"})  # so well known that people write them in every way


def fault(host: str, port: str, rest: str, bare_domains: str) -> str | None:
    """Why a valid host without scheme, as typed, does not count as a link: `bare`, `word` or nothing.

    `off` takes none, `any` takes all but numbers, `careful` those that can hardly be anything else.
    """
    labels = host.removesuffix(".").split(".")
    if bare_domains == "off" or labels[-1].isdigit() or host.startswith("["):
        return "bare"  # 3.0.0.0 is a version more often than an address
    if bare_domains == "any" or port or rest.startswith(("/", "?")) or len(labels) == 1:
        return None
    if labels[0].lower() == "www":
        return None if len(labels) > 2 else "word"
    return "word" if _reads_like_text(labels, host.lower()) else None


def _reads_like_text(labels: list[str], host: str) -> bool:
    ending, name = labels[-1].lower(), labels[-2].lower()
    if ending in _ANY_CASE:
        return host in _THINGS
    if len(labels) == 2 and (name in _ABBREVIATIONS or (len(ending) == 2 and name.isdigit())):
        return True  # `No.ID`, `5.Sg`
    if _begins_sentence(labels[-2], labels[-1]):
        return True
    return ending in WORDLIKE and not _stands_below_registry(name, ending)


def _stands_below_registry(name: str, ending: str) -> bool:
    return f"{name}.{ending}" in _SHARED_HOSTS or (len(ending) == 2 and name in _SECOND_LEVEL)


def _begins_sentence(name: str, ending: str) -> bool:
    """`klik.Info`: a capital after a full stop; `System.IO`, `cancelled.MTN`: capitals after small letters."""
    if ending.istitle() and len(ending) > 1:
        return not (name.istitle() and name.lower() in _SECOND_LEVEL)
    return ending.isupper() and name.upper() != name


def is_rest_of_mail(host: str) -> bool:
    """Whether a host (no path behind it) is what is left of an e-mail address: `gmail.com`, `USER.co.in`."""
    first = host.partition(".")[0]
    return first == HIDDEN or first.lower() in _MAIL_PROVIDERS
