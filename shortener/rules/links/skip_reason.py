"""Why link-like text of a message got no shortlink: every code that is stored, reported and shown."""

import enum


class SkipReason(enum.StrEnum):
    """The codes, each with a sentence that says what to do. `docs/integrate/detection.md` lists them."""

    sentence: str

    def __new__(cls, code: str, sentence: str) -> "SkipReason":
        """Make a member whose value is the code alone."""
        member = str.__new__(cls, code)
        member._value_, member.sentence = code, sentence
        return member

    VARIABLE = (
        "variable",
        "A placeholder is in the link or touches it; fill it in before you send, or put a space between.",
    )
    DOUBLED = "doubled", "The scheme stands twice; keep one `https://`."
    SEPARATOR = (
        "separator",
        "After the scheme there must be exactly `://` and then the domain; remove or add slashes or spaces.",
    )
    TORN = "torn", "A space tears the link, so that another domain would be the target; remove the space."
    SCHEME = "scheme", "Only http and https links can be tracked; use such a link."
    USERINFO = "userinfo", "User name or password before the domain is not allowed; remove everything up to the `@`."
    EMAIL = "email", "This is an e-mail address, or a part of one, not a link."
    HOST = "host", "The domain is missing, incomplete or not valid; write it in full, such as www.example.com."
    PATH = "path", "The `/` between domain and path is missing or encoded as %2F; put a plain `/` there."
    LOCALHOST = "localhost", "localhost is the reader's own device; use a public domain."
    PRIVATE = "private", "This is a private or reserved address that recipients cannot reach; use a public domain."
    ADDRESS = "address", "The address is written in an unusual form; write it as four decimal numbers, or use a domain."
    # No longer given; messages that earlier versions stored have it.
    LABEL = "label", "The host is a single word; use a full domain such as www.example.com."
    TLD = "tld", "The top-level domain does not exist; check the end of the domain."
    PORT = "port", "The port must be a number from 1 to 65535; correct it or leave it out."
    IDN = "idn", "The domain holds characters that no registered name may have; write it as it is registered."
    SCRIPT = "script", "One label of the domain mixes scripts that look alike; write it in one script."
    CONTROL = (
        "control",
        "Control, invisible or direction characters or half of a surrogate pair are in the link; remove them.",
    )
    SPACE = "space", "White space is in the link; write it as %20 or remove it."
    CHARACTER = "character", 'One of < > " \\ ` is in the link; percent-encode it or put a space before it.'
    LONG = "long", "The link is longer than 8000 characters in its ASCII form; use a shorter one."
    OWN = "own", "This is a link of the shortener itself; use the link that it leads to."
    BARE = "bare", "Links without http:// or https:// are not taken here; put the scheme before it."
    WORD = (
        "word",
        "This looks like a word after a full stop or like a file; put https:// or www. before it if it is a link.",
    )
    GLUED = (
        "glued",
        "The link touches other text; put a space before and after it, or use smart detection: it would take it.",
    )
    MARK = (
        "mark",
        "A mark such as * or _ may belong to the link or to the text; put a space between, or use smart detection, "
        "which would take the link without the mark.",
    )
    KEPT = "kept", "The message holds a live link of the shortener already, and was given back unchanged."
    LATER = "later", "Another link of the message was shortened; only the first one is."
