"""Which texts count as links: the modes that an account or a message may choose."""

import enum


class Detection(enum.StrEnum):
    """How links are found in a text."""

    STRICT = "strict"  # between ASCII white space
    SMART = "smart"  # also next to other white space, quotes and Chinese, Japanese or Korean text


class BareDomains(enum.StrEnum):
    """Whether a domain name without `http://` or `https://` is a link."""

    OFF = "off"
    CAREFUL = "careful"  # unless it may be ordinary text, such as `day.so`
    ANY = "any"
