"""Twilio's wire format, so that its clients work unchanged: messages, and the settings of link shortening.

It calls the same use cases as our own API. Without a gateway a message is rewritten and not sent: its status stays
`accepted`.
"""

from typing import Final

from shortener.vendors import Face
from shortener.vendors.twilio import calls, link_shortening, listing, messages, names, refusals

VIEWS: Final = (messages, listing, link_shortening)  # they add their routes to the blueprint

FACE: Final = Face(
    tag=calls.TAG,
    description="Twilio's wire format: its clients work here unchanged. Without a gateway, the text is not sent.",
    prefixes=(f"/{names.VERSION}/", link_shortening.PREFIX),
    blueprint=calls.BLUEPRINT,
    authenticate=calls.authenticate,
    refuse=refusals.refuse,
)
