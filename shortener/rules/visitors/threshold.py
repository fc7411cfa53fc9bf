"""Which visitors' clicks count as the first click of a link."""

import enum


class Threshold(enum.StrEnum):
    """The classes of visitors whose click counts as the first click."""

    PERSON = "person"
    PERSON_OR_UNKNOWN = "person_or_unknown"
    ANY = "any"
