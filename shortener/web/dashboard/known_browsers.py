"""Browsers in which somebody has signed in: a cookie for each name, so that a stranger's failures do not count there.

The cookie grants no access. It proves that this browser has once sent the right password for that name. Failures in the
browser are counted by a random part of the cookie, so somebody who steals it is slowed down like any other guesser.
"""

import datetime as dt
import hashlib
import hmac
from typing import Final

from flask import Response, request

from shortener.accounts.people import normalized
from shortener.accounts.random_text import random_text
from shortener.accounts.throttle import Origin
from shortener.rules.delivery.address import network_of
from shortener.running.services import services
from shortener.web.dashboard.access import PATH, SignedInPerson

LIFE: Final = dt.timedelta(days=400)  # no browser keeps a cookie for longer
RANDOM: Final = 22  # characters


def place(name: str) -> Origin:
    """Where a sign-in comes from: a browser known for this name, or a network."""
    token = request.cookies.get(_cookie(name), "")
    part, _, signature = token.partition(".")
    for key in services().settings.secret_keys:
        if hmac.compare_digest(signature.encode("utf-8", "surrogatepass"), _signature(name, part, key).encode()):
            return Origin(f"browser {hashlib.sha256(_bytes(part)).hexdigest()}", is_known=True)
    return Origin(network_of(request.remote_addr or "") or "")


def of_session(current: SignedInPerson) -> Origin:
    """The session of a person who changes the password; failures from elsewhere do not count there."""
    return Origin(f"session {current.signed_in.id}", is_known=True)


def remember(answer: Response, name: str) -> Response:
    """Mark the browser as known for the name."""
    part = random_text(RANDOM)
    answer.set_cookie(
        _cookie(name),
        f"{part}.{_signature(name, part, services().settings.secret_keys[0])}",
        max_age=LIFE,
        path=f"{PATH}/sign-in",
        secure=services().settings.base_url.startswith("https://"),
        httponly=True,
        samesite="Lax",
    )
    return answer


def _cookie(name: str) -> str:
    return f"known-{hashlib.sha256(_bytes(normalized(name))).hexdigest()[:16]}"


def _signature(name: str, part: str, key: str) -> str:
    text = b"\0".join([b"known browser", _bytes(normalized(name)), _bytes(part)])
    return hmac.digest(key.encode(), text, hashlib.sha256).hex()


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
