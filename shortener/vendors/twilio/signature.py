"""Twilio's signature of a request: HMAC-SHA1 over the URL as called, and the names and values of its form."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Final

HEADER: Final = "X-Twilio-Signature"


def of(secret: str, url: str, form: Mapping[str, str]) -> str:
    """Return the signature of a POST of this form, with the secret as it is shown."""
    signed = url + "".join(name + form[name] for name in sorted(form))
    digest = hmac.new(secret.encode(), signed.encode("utf-8", "replace"), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()
