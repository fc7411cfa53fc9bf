"""Xoxzo's callbacks: a form with the status of a message, for each new status, at its `callbackurl`.

The vendor documents neither method nor fields; these are ours.
"""

from collections.abc import Sequence
from typing import Final
from urllib.parse import urlencode

from shortener.callbacks.forms import CallbackRequest, Form, Told
from shortener.vendors.xoxzo import answers


def request(told: Told, secrets: Sequence[str]) -> CallbackRequest:
    """Make the request; it is not signed."""
    message = told.message
    fields = {
        "msgid": message.msgid,
        "status": answers.word(told.state),
        "recipient": message.recipient or "",
        "sent_time": answers.time(message.received_on),
    }
    return CallbackRequest(
        body=urlencode(fields).encode(), headers={"Content-Type": "application/x-www-form-urlencoded"}
    )


FORM: Final = Form(request=request, accepts=lambda status: status == 200)
