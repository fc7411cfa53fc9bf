"""Find where the links of one text end. The cost grows with the text only, not with the number of links in it."""

from bisect import bisect_left

from shortener.rules.links.boundaries import CLOSERS, DEEPEST, RUN, walk


class LinkEnds:
    """The ends of the links of `text`, none of which is after `end`.

    In most texts, each link is read once from its start. If a link begins within text that was read before, all ends in
    the rest are computed together, and looked up from then on.
    """

    def __init__(self, text: str, end: int) -> None:
        self.text, self.end = text, end
        self._read_to = 0
        self._stops: list[int] = []  # where a link may end, from the first text that was read twice
        self._last: list[int] = []  # for each stop, the index in `_stops` of the end of a link that reaches it
        self._sign = -1  # the first `://` after the offset of the last question

    def end_of(self, start: int) -> int:
        """Return the end of the link at `start`, as `boundaries.run_end` does."""
        if start >= self._read_to:
            stop, self._read_to = walk(self.text, start, self.end)
            return stop
        if not self._stops:
            self._stops = self._all_stops(start)
            self._last = self._all_ends()
        return self._stops[self._last[bisect_left(self._stops, start)]]

    def has_scheme(self, start: int, stop: int) -> bool:
        """Return whether `text[start:stop]` contains `://`. `start` must grow from call to call."""
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
        """Go from right to left: after a closed bracket the link continues, at any other stop it ends."""
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
        """Return the bracket at a stop; an empty text if `[/` ends the link."""
        stop = self._stops[place]
        character = self.text[stop] if stop < self.end else ""
        return "" if character in CLOSERS and self.text[stop + 1 : stop + 2] == "/" else character
