"""Large bodies, such as those with attachments: only a few are in memory at once."""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import request

from shortener.accounts.senders import Sender
from shortener.running.services import services
from shortener.web.problems import RequestError


@contextmanager
def room(account: Sender) -> Iterator[None]:
    """Hold a slot of long calls while a large body is in memory; RequestError if there is none."""
    usual = request.max_content_length or 0
    if request.content_length is not None and request.content_length <= usual:
        yield
        return
    call = services().long_calls.begin(account.id)
    if call is None:
        raise RequestError(
            429, "too_many_large_messages", "Other large messages are under way; send this one when they are done."
        )
    try:
        yield
    finally:
        call.end()
