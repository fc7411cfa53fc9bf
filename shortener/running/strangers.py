"""Limits for strangers who try unknown links or wrong credentials: by their network, in each process.

Only failures count, and only failures are refused: a live link redirects and right credentials work, whatever others
behind the same address have done. So a wide network costs nobody anything, and the limits need no exact number. They
bound what answers and the log say to somebody who tries many; the length of slugs and tokens prevents guessing
(docs/adr/0054-strangers.md).
"""

import ipaddress
import logging
import threading
import time
from functools import lru_cache
from math import ceil
from typing import Final

from shortener.rules.delivery.address import is_public, network_of
from shortener.rules.failed_tries import FailedTries

log = logging.getLogger(__name__)
UNKNOWN_LINKS: Final = 100  # in a minute, from one network, in one process
WRONG_CREDENTIALS: Final = 30
WRONG_WITH_A_SID: Final = 100
LOG_AFTER: Final = 10.0  # seconds; a scan from many networks must not fill the log


class Strangers:
    """The failures of one process, by network: /24 of IPv4, /48 of IPv6, as sign-ins are counted.

    Addresses that are not public do not count. They belong to a proxy that the settings do not name, which stands for
    every visitor, or to the operator's own network.
    """

    def __init__(self) -> None:
        self._links = FailedTries(UNKNOWN_LINKS)
        self._credentials = FailedTries(WRONG_CREDENTIALS)
        self._sids = FailedTries(WRONG_WITH_A_SID)  # apart, so that invented SIDs push no network out
        self._logged = -LOG_AFTER
        self._lock = threading.Lock()

    def unknown_link(self, address: str) -> int:
        """Count an unknown link; return the seconds to wait if there are too many from the network, otherwise 0."""
        return self._count(self._links, _network(address), "unknown links")

    def wrong_credentials(self, address: str, sid: str | None) -> int:
        """Count wrong credentials; return the seconds to wait if there are too many, otherwise 0.

        They count for the network and, if they name a SID of ours or an invented one, for the SID.
        """
        network = _network(address)
        waits = self._count(self._credentials, network, "wrong credentials")
        named = f"the SID {sid[:32]!r}" if network and sid else None
        return max(waits, self._count(self._sids, named, "wrong credentials"))

    def _count(self, tries: FailedTries, who: str | None, what: str) -> int:
        if who is None:
            return 0
        now = time.monotonic()
        with self._lock:
            failures, wait = tries.fail(who, now)
        if failures == tries.free + 1 and now - self._logged >= LOG_AFTER:
            self._logged = now
            log.warning("more than %d %s in a minute from %s: it gets 429 for further ones", tries.free, what, who)
        return ceil(wait)


@lru_cache(maxsize=4096)  # to find it takes longer than to look a link up, and who scans comes again
def _network(address: str) -> str | None:
    """Return the network of a public address, None for any other."""
    try:
        return network_of(address) if is_public(ipaddress.ip_address(address)) else None
    except ValueError:  # of a Unix socket
        return None
