"""Write a message as a mail: text, HTML as its alternative, and files as they came."""

import re
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage, Message
from email.utils import formatdate
from typing import Final

import idna

from shortener.outbound.smtp_conversation import Mail
from shortener.sending.gateway import Attached, Outgoing

# An address that is written the same way everywhere, so that nothing in it can end a command or a header.
_LOCAL: Final = r"[^\s\x00-\x20\x7f-\xa0()<>\[\]:;@\\,\"]{1,64}"
_DOMAIN: Final = r"[^\s\x00-\x20\x7f-\xa0()<>\[\]:;@\\,\"]{1,253}"
_ADDRESS: Final = re.compile(f"({_LOCAL})@({_DOMAIN})")
_NAMED: Final = re.compile("([^<>]*)<([^<>]+)>")
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_ANYTHING: Final = ("application", "octet-stream")
_COMPOSITE: Final = frozenset({"multipart", "message"})  # may not be written in base64 (RFC 2046, 5)
# Seven bits, so that no relay has to convert a mail, which would break its signature.
_ASCII: Final = policy.SMTP.clone(cte_type="7bit")
_WITH_UTF8: Final = policy.SMTP.clone(cte_type="7bit", utf8=True)


def written(outgoing: Outgoing, own_host: str) -> Mail:
    """The mail of a message; ValueError with a sentence if it cannot be written."""
    name, sender = _sender(outgoing.sender)
    recipient = _address(outgoing.recipient, "recipient")
    needs_utf8 = not (sender.addr_spec + recipient.addr_spec).isascii()
    mail = EmailMessage(_WITH_UTF8 if needs_utf8 else _ASCII)
    mail["From"] = Address(name, sender.username, sender.domain)
    mail["To"] = recipient
    mail["Subject"] = _one_line(outgoing.subject or "", "subject")
    mail["Date"] = formatdate()
    mail["Message-ID"] = f"<{outgoing.msgid}@{own_host}>"
    _add_text(mail, outgoing)
    for attached in outgoing.attachments():
        _attach(mail, attached)
    bounces = f"bounces+{outgoing.msgid}@{sender.domain}"
    return Mail(bounces, recipient.addr_spec, mail.as_bytes(), envelope_id=outgoing.msgid)


def _add_text(mail: EmailMessage, outgoing: Outgoing) -> None:
    if outgoing.text is not None:
        mail.set_content(outgoing.text)
        if outgoing.html is not None:
            mail.add_alternative(outgoing.html, subtype="html")
    elif outgoing.html is not None:
        mail.set_content(outgoing.html, subtype="html")
    else:
        raise ValueError("the message has neither text nor HTML")


def _attach(mail: EmailMessage, attached: Attached) -> None:
    """Add a file in base64. A type that is none, or that base64 is not allowed for, becomes `octet-stream`."""
    (main, sub), parameters = _type(attached.content_type)
    name = _one_line(attached.name, "name of an attachment")
    mail.add_attachment(attached.content, maintype=main, subtype=sub, filename=name, params=parameters)


def _type(text: str) -> tuple[tuple[str, str], dict[str, str]]:
    """The two parts of a content type, and its parameters."""
    plain = re.fullmatch(r"([a-zA-Z0-9]+)/([a-zA-Z0-9][a-zA-Z0-9.+_-]*)", text.partition(";")[0].strip())
    if plain is None or plain[1].lower() in _COMPOSITE or len(text) > 200 or _CONTROL.search(text):
        return _ANYTHING, {}
    read = Message()
    read["Content-Type"] = text
    given = [(name, value) for name, value in read.get_params([])[1:] if isinstance(value, str)]
    parameters = {name: value for name, value in given if re.fullmatch("[a-z]+", name) and name != "name"}
    return (plain[1].lower(), plain[2].lower()), parameters


def _sender(text: str) -> tuple[str, Address]:
    """The name and the address in `Acme <news@acme.example>`, or in an address alone."""
    named = _NAMED.fullmatch(text)
    name, plain = (named[1].strip(), named[2]) if named else ("", text)
    if len(name) > 1 and name[0] == name[-1] == '"':
        name = name[1:-1]
    return _one_line(name, "sender"), _address(plain, "sender")


def _address(text: str, what: str) -> Address:
    """The address, with its domain in ASCII."""
    parts = _ADDRESS.fullmatch(text)
    if parts is None:
        raise ValueError(f"the {what} is not an e-mail address")
    try:
        domain = parts[2] if parts[2].isascii() else idna.encode(parts[2], uts46=True).decode()
        return Address(username=parts[1], domain=domain)
    except (ValueError, UnicodeError):
        raise ValueError(f"the {what} is not an e-mail address") from None


def _one_line(text: str, what: str) -> str:
    """The text, which cannot end a header; ValueError if it has a control character."""
    if _CONTROL.search(text):
        raise ValueError(f"the {what} must be one line without control characters")
    return text
