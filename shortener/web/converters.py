"""Converters for variable parts of paths."""

from werkzeug.routing import BaseConverter, Map


class TextConverter(BaseConverter):
    """Any text that can be stored, also with slashes and line ends, as the last part of a path."""

    part_isolating = False
    regex = r"[^\0]+"  # PostgreSQL refuses NUL, also in a query


class NameConverter(BaseConverter):
    """A name other than the given words, which are routes of their own with other methods."""

    part_isolating = True

    def __init__(self, url_map: Map, *words: str) -> None:
        super().__init__(url_map)
        self.regex = rf"(?!(?:{'|'.join(words)})\Z)[^/]+"
