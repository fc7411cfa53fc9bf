"""Which texts count as links: the modes that an account or a message may choose."""

import enum


class Detection(enum.StrEnum):
    """`strict`: between spaces or line ends; `smart`: also next to quotes and Chinese, Japanese or Korean text."""

    STRICT = "strict"  # between ASCII white space
    SMART = "smart"  # also next to other white space, quotes and Chinese, Japanese or Korean text


class BareDomains(enum.StrEnum):
    """Whether `example.com` is a link. `any`: always; `off`: never; `careful`: unless it may be text, as `day.so`."""

    OFF = "off"
    CAREFUL = "careful"  # unless it may be ordinary text, such as `day.so`
    ANY = "any"
