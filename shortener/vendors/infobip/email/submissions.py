"""Make of a mail what is submitted: a message for every recipient."""

import dataclasses
import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from shortener.errors import InvalidFieldsError
from shortener.rules.links.tracking import Track
from shortener.rules.mail import content_type, header_text
from shortener.validation.attachments import NewAttachment
from shortener.vendors.infobip import sending
from shortener.vendors.infobip.email import mails, queries
from shortener.vendors.infobip.email.mails import Content, File, Mail, Shared
from shortener.vendors.infobip.sending import Form, Wanted

MOST_STORED: Final = 100 * 1024**2  # bytes of one request, counted for every recipient
MOST_FILLED: Final = 20_000_000  # characters in which links are looked for again, because each recipient has its own
_FOLDERS: Final = re.compile(r"^.*[/\\]", re.DOTALL)


def wanted(all_mails: Sequence[Mail], form: Form, bulk_id: str | None, send_on: str | None) -> list[Wanted]:
    """Return a message for every recipient of the mails; InvalidFieldsError if they are too many or too large."""
    for mail in all_mails:
        if faults := mails.faults(mail):
            raise InvalidFieldsError(faults)
    if sum(len(mail.recipients) * mail.size for mail in all_mails) > MOST_STORED:
        raise _too_large(all_mails, f"must have at most {MOST_STORED // 1024**2} MiB of files and texts")
    shared = {mail.shared: mail.text_size for mail in all_mails if mail.values}
    if sum(mail.filled_size for mail in all_mails) + sum(shared.values()) > MOST_FILLED:
        raise _too_large(all_mails, f"must have at most {MOST_FILLED:,} characters of texts with own placeholders")
    filled: dict[Shared, Content] = {}
    return [each for mail in all_mails for each in _wanted(mail, filled, form, bulk_id, send_on)]


def _too_large(all_mails: Sequence[Mail], sentence: str) -> InvalidFieldsError:
    name = all_mails[0].names.get(sending.ALL, "to")
    return InvalidFieldsError({name: [f"{sentence}, counted for every recipient: send it in several requests"]})


def _wanted(
    mail: Mail, filled: dict[Shared, Content], form: Form, bulk_id: str | None, send_on: str | None
) -> Iterator[Wanted]:
    kept = {**mail.kept, queries.SENDER: queries.address(mail.sender)}
    face = sending.from_face(form, kept, bulk_id, mail.told_states)
    shared = {
        "sender": mail.sender,
        "track": Track.ALL,
        "track_link": mail.track_link,
        "lt_callbackurl": mail.click_url,
        "receipts_url": mail.receipts_url,
        "send_on": send_on,
        "validity_period": mail.validity_period,
        "attachments": [_attachment(file) for file in (*mail.images, *mail.files)] or None,
    }
    for copy in mails.copies(mail, filled):
        own: dict[str, Any] = {
            "message": copy.content.text or None,
            "html": copy.content.html,
            "subject": copy.content.subject,
            "recipient": copy.to.address,
            "client_tag": copy.to.message_id,
        }
        yield Wanted(
            to=copy.to.address,
            submission=shared | own,
            face=dataclasses.replace(face, extras=copy.extras.stored()),
            names={sending.ALL: "to", **mail.names, **copy.to.names},
        )


def _attachment(file: File) -> NewAttachment:
    """Return a file as it is sent: in no folder, and with a type that a mail can have."""
    name = header_text.NO_LINE.sub("", _FOLDERS.sub("", file.name)).strip()[-200:]
    kind = content_type.ANY if content_type.fault(file.content_type) else file.content_type
    return NewAttachment(name=name or "attachment", content_type=kind, content=file.content)
