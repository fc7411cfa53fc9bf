"""Write a message as a mail: text, HTML as its alternative, and files as they came.

Whatever somebody has chosen is encoded here (see `rules.mail`) and not by the library, which would decode it first.
"""

import secrets
from collections.abc import Sequence
from email import policy
from email.message import MIMEPart
from email.utils import formatdate
from typing import Final

from shortener.outbound.mail import Base64, Mail
from shortener.rules.mail import content_type, header_text
from shortener.rules.mail.address import MailAddress
from shortener.rules.mail.header_text import FOLD
from shortener.sending.gateway import Attached, Outgoing
from shortener.sending.mail import headers

# Seven bits, so that no relay has to convert a mail, which would break its signature.
_ASCII: Final = policy.SMTP.clone(cte_type="7bit")


def written(outgoing: Outgoing, own_host: str) -> Mail:
    """The mail of a message; ValueError with a sentence if it cannot be written."""
    try:
        sender = MailAddress.parse_sender(outgoing.sender)
    except ValueError as fault:
        raise ValueError(f"the sender {fault}") from None
    try:
        recipient = MailAddress.parse(outgoing.recipient)
    except ValueError as fault:
        raise ValueError(f"the recipient {fault}") from None
    head = _head(outgoing, sender, recipient, own_host)
    body, files = _body(outgoing), outgoing.attachments()
    content = _mixed(head, body, files) if files else [head + body]
    headers.check(content, parts=(outgoing.text is not None) + (outgoing.html is not None) + len(files))
    return Mail(f"bounces+{outgoing.msgid}@{sender.domain}", str(recipient), content, envelope_id=outgoing.msgid)


def _head(outgoing: Outgoing, sender: MailAddress, recipient: MailAddress, own_host: str) -> bytes:
    """The headers of the whole mail, without those about its content."""
    name = header_text.phrase(sender.name)
    lines = [
        f"From: {name}{FOLD}<{sender}>" if name else f"From: {sender}",
        f"To: {recipient}",
        f"Subject: {header_text.unstructured(_one_line(outgoing.subject or '', 'subject'))}",
        f"Date: {formatdate()}",
        f"Message-ID: <{outgoing.msgid}@{own_host}>",
        "MIME-Version: 1.0",
    ]
    return "".join(f"{line}\r\n" for line in lines).encode()


def _body(outgoing: Outgoing) -> bytes:
    """The text and its alternative, with the headers about them. Nobody chooses anything in those."""
    part = MIMEPart(_ASCII)
    if outgoing.text is not None:
        part.set_content(outgoing.text)
        if outgoing.html is not None:
            part.add_alternative(outgoing.html, subtype="html")
    elif outgoing.html is not None:
        part.set_content(outgoing.html, subtype="html")
    else:
        raise ValueError("the message has neither text nor HTML")
    return part.as_bytes()


def _mixed(head: bytes, body: bytes, files: Sequence[Attached]) -> Sequence[bytes | Base64]:
    """The mail with its files."""
    border = secrets.token_hex(16)
    start = f'Content-Type: multipart/mixed; boundary="{border}"\r\n\r\n--{border}\r\n'.encode()
    content: list[bytes | Base64] = [head + start + body + b"\r\n"]
    for file in files:
        content += [f"--{border}\r\n{_about(file)}\r\n".encode(), Base64(file.content), b"\r\n"]
    return [*content, f"--{border}--\r\n".encode()]


def _about(file: Attached) -> str:
    """The headers of a file. A type that a mail cannot have becomes `octet-stream`."""
    kind = content_type.ANY if content_type.fault(file.content_type) else file.content_type
    name = header_text.file_name(_one_line(file.name, "name of an attachment"))
    lines = [
        f"Content-Type: {kind}",
        "Content-Transfer-Encoding: base64",
        f"Content-Disposition: attachment;{FOLD}{name}",
    ]
    return "".join(f"{line}\r\n" for line in lines)


def _one_line(text: str, what: str) -> str:
    try:
        return header_text.one_line(text)
    except ValueError as fault:
        raise ValueError(f"the {what} {fault}") from None
