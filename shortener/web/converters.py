"""What may stand in a path where a name of the sender's things is expected."""

from werkzeug.routing import BaseConverter, Map


class NameConverter(BaseConverter):
    """A name, but none of the words that are routes of their own: those do not take this one's methods."""

    part_isolating = True

    def __init__(self, url_map: Map, *words: str) -> None:
        super().__init__(url_map)
        self.regex = rf"(?!(?:{'|'.join(words)})\Z)[^/]+"
