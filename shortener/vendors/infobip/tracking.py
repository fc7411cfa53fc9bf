"""The options about links, which both channels and both generations have."""

from collections.abc import Mapping
from typing import Any

from shortener.rules.links.tracking import Track
from shortener.vendors.infobip.fields import Flag, InfobipFields, Url


class UrlOptions(InfobipFields):
    """What happens to the links of a text."""

    shorten_url: Flag = None
    track_clicks: Flag = None
    tracking_url: Url = None


def of_sms(options: UrlOptions | None) -> Mapping[str, Any]:
    """Return the fields of a submission: every link is replaced, if the client or else the account wants it.

    `shortenUrl` decides, else `trackClicks`; whoever only names a `trackingUrl` wants links to be replaced too.
    Clicks are told unless `trackClicks` is false.
    """
    given = options or UrlOptions()
    wish = given.track_clicks if given.shorten_url is None else given.shorten_url
    if wish is None and given.tracking_url is not None:
        wish = True
    tells = given.track_clicks is not False
    return {"track": Track.ALL, "track_link": wish, "lt_callbackurl": given.tracking_url if tells else None}
