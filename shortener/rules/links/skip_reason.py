"""Why link-like text of a message got no shortlink: every code that is stored, reported and shown."""

import enum
from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict


class SkipReason(enum.StrEnum):
    """The reason why a text was not shortened. `POST /v1/links/check` explains it in one sentence."""

    sentence: str

    def __new__(cls, code: str, sentence: str) -> "SkipReason":
        """Make a member whose value is the code alone."""
        member = str.__new__(cls, code)
        member._value_, member.sentence = code, sentence
        return member

    VARIABLE = (
        "variable",
        "The link contains or touches a placeholder. Fill it in before you send the message, or put a space "
        "between them.",
    )
    DOUBLED = "doubled", "The scheme appears twice. Use `https://` only once."
    SEPARATOR = "separator", "The scheme must be followed by exactly `://` and then the domain."
    TORN = "torn", "A space splits the link, so it would lead to another domain. Remove the space."
    SCHEME = "scheme", "Only http and https links can be tracked."
    USERINFO = "userinfo", "A user name or password before the domain is not allowed. Remove everything up to the `@`."
    EMAIL = "email", "This is an e-mail address or part of one, not a link."
    HOST = "host", "The domain is missing, incomplete or not valid. Write it in full, such as www.example.com."
    PATH = "path", "The `/` between domain and path is missing or encoded as %2F. Use a plain `/`."
    LOCALHOST = "localhost", "localhost is the recipient's own device. Use a public domain."
    PRIVATE = "private", "This is a private or reserved address that recipients cannot reach. Use a public domain."
    ADDRESS = "address", "The address has an unusual form. Write it as four decimal numbers, or use a domain."
    # No longer given; messages that earlier versions stored have it.
    LABEL = "label", "The host is a single word. Use a full domain such as www.example.com."
    TLD = "tld", "The top-level domain does not exist. Check the end of the domain."
    PORT = "port", "The port must be a number from 1 to 65535. Correct it or leave it out."
    IDN = "idn", "The domain contains characters that no registered name can have. Write it as it is registered."
    SCRIPT = "script", "Part of the domain mixes scripts that look alike. Write it in one script."
    CONTROL = (
        "control",
        "The link contains control, invisible or direction characters, or half of a surrogate pair. Remove them.",
    )
    SPACE = "space", "The link contains white space. Write it as %20 or remove it."
    CHARACTER = "character", 'The link contains one of < > " \\ `. Percent-encode it, or put a space before it.'
    LONG = "long", "The link is longer than 8000 characters in its ASCII form. Use a shorter one."
    OWN = "own", "This is a link of the shortener itself. Use the link that it redirects to."
    BARE = "bare", "Links without http:// or https:// are not shortened here. Put https:// before it."
    WORD = (
        "word",
        "This may be a word after a full stop or a file name. If it is a link, put https:// or www. before it.",
    )
    GLUED = (
        "glued",
        "The link touches other text. Put a space before and after it, or use smart detection, which would take it.",
    )
    MARK = (
        "mark",
        "A mark such as * or _ may belong to the link or to the text. Put a space between them, or use smart "
        "detection, which would take the link without the mark.",
    )
    KEPT = "kept", "The message already contains a live link of the shortener and is returned unchanged."
    LATER = "later", "Another link of the message is shortened. Only the first one is."
    OFF = "off", 'The link is marked with data-track="off".'
    UNSUBSCRIBE = "unsubscribe", "Recipients leave the list with this link, so it stays as it is."
    MANY = "many", "The message has more than 1,000 links. Only the first 1,000 are shortened."


class SkippedText(TypedDict):
    """Link-like text that was not replaced."""

    text: str
    reason: Annotated[SkipReason, Field(description="The reason code.")]
