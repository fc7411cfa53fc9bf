"""Which links of a message get a shortlink."""

import enum


class Track(enum.StrEnum):
    """`first` replaces the first link of a message; `all` replaces every link."""

    FIRST = "first"
    ALL = "all"
