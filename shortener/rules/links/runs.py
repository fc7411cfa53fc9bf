"""How far links go in one text, at a cost that grows with the text alone, however many links begin in it."""

from bisect import bisect_left

from shortener.rules.links.borders import CLOSERS, DEEPEST, RUN, walk


class Runs:
    """Where the links of `text` end, none behind `end`.

    Most texts are walked once from each link. Where a link begins inside what has been walked already, all ends of the
    rest are worked out together, and looked up from then on.
    """

    def __init__(self, text: str, end: int) -> None:
        self.text, self.end = text, end
        self._walked = 0
        self._stops: list[int] = []  # where a link may end, for each start behind the first one that was walked twice
        self._last: list[int] = []  # for each of the stops, the place in `_stops` where a link that comes to it ends
        self._sign = -1  # the first `://` behind a place that was asked for

    def end_of(self, start: int) -> int:
        """How far a link that is at `start` goes, as `borders.run_end` says."""
        if start >= self._walked:
            stop, self._walked = walk(self.text, start, self.end)
            return stop
        if not self._stops:
            self._stops = self._all_stops(start)
            self._last = self._all_ends()
        return self._stops[self._last[bisect_left(self._stops, start)]]

    def has_scheme(self, start: int, stop: int) -> bool:
        """Whether `://` stands in `text[start:stop]`; each `start` is behind the one before."""
        if self._sign < start:
            found = self.text.find("://", start, self.end)
            self._sign = found if found >= 0 else len(self.text)
        return self._sign + 3 <= stop

    def _all_stops(self, start: int) -> list[int]:
        stops = []
        place = start
        while place <= self.end:
            run = RUN.match(self.text, place, self.end)
            stops.append(run.end() if run else place)
            place = stops[-1] + 1
        return stops

    def _all_ends(self) -> list[int]:
        """From right to left: behind a bracket that is closed the link goes on, at any other stop it ends."""
        count = len(self._stops)
        last, depth = list(range(count)), [0] * count
        for place in range(count - 2, -1, -1):
            closer = CLOSERS.get(self._bracket_at(place))
            closing = last[place + 1]
            if closer is None or self._bracket_at(closing) != closer or depth[place + 1] == DEEPEST:
                continue
            last[place] = last[closing + 1]
            depth[place] = max(depth[place + 1] + 1, depth[closing + 1])
        return last

    def _bracket_at(self, place: int) -> str:
        """The bracket at a stop; none where `[/` ends a link."""
        stop = self._stops[place]
        character = self.text[stop] if stop < self.end else ""
        return "" if character in CLOSERS and self.text[stop + 1 : stop + 2] == "/" else character
