"""How a recipient reaches the sender: a web page, a mail address or a phone number."""

import re

PAGE = re.compile(r"https?://[A-Za-z0-9\[][!-~]*")
# Plain ones: what is left out here would have to be escaped in a `mailto:`, and nobody's help desk has it.
MAIL = re.compile(r"[A-Za-z0-9._+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
PHONE = re.compile(r"\+?[0-9(][0-9 ()./-]*")
DIGITS = range(3, 16)  # how many a number has: from the shortest service number to the longest there is (E.164)


def href(contact: str) -> str:
    """The address behind a contact, for a link; ValueError where it is none of the three."""
    if PAGE.fullmatch(contact):
        return contact
    if MAIL.fullmatch(contact):
        return f"mailto:{contact}"
    number = re.sub(r"[^+0-9]", "", contact)
    if PHONE.fullmatch(contact) and len(number.removeprefix("+")) in DIGITS:
        return f"tel:{number}"
    raise ValueError("must be the URL of a page, a mail address or a phone number, in ASCII")
