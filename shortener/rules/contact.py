"""How a recipient reaches the sender: a web page, a mail address or a phone number."""

import re

PAGE = re.compile(r"https?://[A-Za-z0-9\[][!-~]*")
# Plain addresses only: other characters would have to be escaped in `mailto:`, and no help desk uses them.
MAIL = re.compile(r"[A-Za-z0-9._+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
PHONE = re.compile(r"\+?[0-9(][0-9 ()./-]*")
DIGITS = range(3, 16)  # from the shortest service number to the longest number that E.164 allows


def href(contact: str) -> str:
    """Return the URL to link a contact with. Raise ValueError if it is none of the three."""
    if PAGE.fullmatch(contact):
        return contact
    if MAIL.fullmatch(contact):
        return f"mailto:{contact}"
    number = re.sub(r"[^+0-9]", "", contact)
    if PHONE.fullmatch(contact) and len(number.removeprefix("+")) in DIGITS:
        return f"tel:{number}"
    raise ValueError("must be the URL of a page, a mail address or a phone number, in ASCII")
