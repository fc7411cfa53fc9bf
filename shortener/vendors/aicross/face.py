"""AI CROSS's wire format, so that its clients work unchanged: send, look at what became of it, reserve, shorten a URL.

It follows the vendor's OpenAPI 1.4.7 and calls the same use cases as our own API. Without a gateway a message is
rewritten and not sent: its `statusId` stays 1. Every answer to a call has HTTP status 200.
"""

from typing import Final

from shortener.vendors import Face
from shortener.vendors.aicross import calls, look_ups, messages, reservations, statuses
from shortener.vendors.aicross.faults import refuse

VIEWS: Final = (messages, statuses, reservations, look_ups)  # they add their routes to the blueprint

FACE: Final = Face(
    tag=calls.TAG,
    description="AI CROSS's wire format: its clients work here unchanged. Without a gateway, the text is not sent.",
    prefixes=("/p5/api/", "/p1/api/"),
    blueprint=calls.BLUEPRINT,
    authenticate=calls.authenticate,
    credentials=calls.CREDENTIALS,
    references=("clientId", "groupTag"),
    refuse=refuse,
)
