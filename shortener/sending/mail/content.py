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
from shortener.rules.mail.extras import MailExtras, named
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
    extras, files = MailExtras.of(outgoing.extras), outgoing.attachments()
    head = _head(outgoing, sender, recipient, extras, own_host)
    content = [head, *_with_files(_body(outgoing), files[: extras.inline], files[extras.inline :])]
    parts = (outgoing.text is not None) + (outgoing.html is not None) + len(files)
    headers.check(content, parts, extras.names)
    bounces = f"bounces+{outgoing.msgid}@{sender.domain}"
    return Mail(bounces, str(recipient), content, outgoing.msgid, has_utf8_headers=not extras.is_ascii)


def _head(outgoing: Outgoing, sender: MailAddress, recipient: MailAddress, extras: MailExtras, own_host: str) -> bytes:
    """The headers of the whole mail, without those about its content."""
    lines = [
        f"From: {named(sender)}",
        *extras.lines(recipient),
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


def _with_files(body: bytes, inline: Sequence[Attached], files: Sequence[Attached]) -> Sequence[bytes | Base64]:
    """The body with the images that belong to its HTML, and those with the other files."""
    content: Sequence[bytes | Base64] = [body]
    if inline:
        content = _multipart("related", content, inline)
    return _multipart("mixed", content, files) if files else content


def _multipart(kind: str, first: Sequence[bytes | Base64], files: Sequence[Attached]) -> Sequence[bytes | Base64]:
    """A part that consists of its first part, which has headers, and of files."""
    border = secrets.token_hex(16)
    start = f'Content-Type: multipart/{kind}; boundary="{border}"\r\n\r\n--{border}\r\n'.encode()
    content: list[bytes | Base64] = [start, *first, b"\r\n"]
    shown = set[str]()
    for file in files:
        about = _about(file, shown if kind == "related" else None)
        content += [f"--{border}\r\n{about}\r\n".encode(), Base64(file.content), b"\r\n"]
    return [*content, f"--{border}--\r\n".encode()]


def _about(file: Attached, shown: set[str] | None) -> str:
    """The headers of a file. A type that a mail cannot have becomes `octet-stream`.

    `shown` are the ids by which the HTML shows files, to which this one's is added; None if it shows none. Of several
    files with one id it shows the first.
    """
    kind = content_type.ANY if content_type.fault(file.content_type) else file.content_type
    name = _one_line(file.name, "name of an attachment")
    content_id = header_text.content_id(name)
    has_id = shown is not None and content_id not in shown
    if shown is not None:
        shown.add(content_id)
    lines = [
        f"Content-Type: {kind}",
        "Content-Transfer-Encoding: base64",
        f"Content-Disposition: {'attachment' if shown is None else 'inline'};{FOLD}{header_text.file_name(name)}",
        *([f"Content-ID: <{content_id}>"] if has_id else []),
    ]
    return "".join(f"{line}\r\n" for line in lines)


def _one_line(text: str, what: str) -> str:
    try:
        return header_text.one_line(text)
    except ValueError as fault:
        raise ValueError(f"the {what} {fault}") from None
