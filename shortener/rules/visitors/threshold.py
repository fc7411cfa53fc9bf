"""Which visitors' clicks count as the first click of a link."""

import enum


class Threshold(enum.StrEnum):
    """The values of `count_as_click`."""

    PERSON = "person"
    PERSON_OR_UNKNOWN = "person_or_unknown"
    ANY = "any"
