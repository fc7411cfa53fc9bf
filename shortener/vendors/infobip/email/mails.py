"""A mail as both generations of the API submit it, and the copies of it that its recipients get."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from shortener.errors import InvalidFieldsError
from shortener.rules.mail.extras import MailExtras
from shortener.vendors.infobip import sending
from shortener.vendors.infobip.email import placeholders
from shortener.vendors.infobip.email.placeholders import Values

VALUES: Final = "placeholders"  # names the values of placeholders
MOST_NAMED: Final = 100  # addresses in the headers of a mail
Shared = tuple[str | None, str | None, str | None, int]


@dataclass(frozen=True, slots=True)
class To:
    """A recipient: the address, the sender's own id of its message, and its own placeholders.

    `names` says where these stand in the request, by the fields of a submission, and `VALUES`.
    """

    address: str
    message_id: str | None = None
    values: Values = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class File:
    """A file of a mail."""

    name: str
    content_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One content for one or several recipients. Copies go to `cc`, whom all of them see, and to `bcc`."""

    sender: str
    to: Sequence[To]
    cc: Sequence[To] = ()
    bcc: Sequence[To] = ()
    shows_recipients: bool = False
    subject: str | None = None
    text: str | None = None
    html: str | None = None
    images: Sequence[File] = ()  # that the HTML shows
    files: Sequence[File] = ()
    values: Values = field(default_factory=dict)  # of placeholders, for all recipients
    reply_to: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    track_link: bool | None = None  # None: as the account does
    click_url: str | None = None
    receipts_url: str | None = None
    told_states: sending.Told = sending.FINAL
    kept: Mapping[str, Any] = field(default_factory=dict)  # to be given back later, by the vendor's names
    validity_period: int | None = None  # seconds
    names: Mapping[str, str] = field(default_factory=dict, compare=False)  # where fields stand in the request

    @property
    def recipients(self) -> Sequence[To]:
        """Everybody who gets it: `to`, then `cc`, then `bcc`."""
        return [*self.to, *self.cc, *self.bcc]

    @property
    def text_size(self) -> int:
        """The characters of its text and HTML."""
        return len(self.text or "") + len(self.html or "")

    @property
    def size(self) -> int:
        """The bytes of its files, and the characters of its texts."""
        return sum(len(file.content) for file in (*self.images, *self.files)) + self.text_size

    @property
    def filled_size(self) -> int:
        """The characters of the texts that only one recipient gets."""
        return sum(bool(one.values) for one in self.recipients) * self.text_size

    @property
    def shared(self) -> Shared:
        """What decides what recipients without own placeholders get: the groups of a message share its values."""
        return self.subject, self.text, self.html, id(self.values)


class Content(NamedTuple):
    """What one recipient reads."""

    subject: str | None
    text: str | None
    html: str | None


class Copy(NamedTuple):
    """What one recipient gets, and what its headers say."""

    to: To
    content: Content
    extras: MailExtras


def copies(mail: Mail, filled: dict[Shared, Content] | None = None) -> Iterator[Copy]:
    """Yield the copy of every recipient, in their order.

    `filled` has the contents that other mails of the request share with it. InvalidFieldsError if the values of
    placeholders are too long.
    """
    filled = {} if filled is None else filled
    for index, one in enumerate(mail.recipients):
        if one.values:
            content = _content(mail, one.values, one.names)
        elif mail.shared in filled:
            content = filled[mail.shared]
        else:
            content = filled[mail.shared] = _content(mail, {}, mail.names)
        yield Copy(one, content, _extras(mail, is_copy=index >= len(mail.to)))


def _content(mail: Mail, own: Values, names: Mapping[str, str]) -> Content:
    try:
        return Content(*(placeholders.filled(part, own, mail.values) for part in (mail.subject, mail.text, mail.html)))
    except ValueError as fault:
        raise InvalidFieldsError({names.get(VALUES, VALUES): [str(fault)]}) from None


def _extras(mail: Mail, *, is_copy: bool) -> MailExtras:
    """Say whom the headers name.

    Several `to` see only themselves unless the sender wants otherwise, so a copy then names none of them.
    """
    all_of_them = tuple(to.address for to in mail.to)
    if mail.shows_recipients or (is_copy and len(all_of_them) == 1):
        named: tuple[str, ...] | None = all_of_them
    else:
        named = () if is_copy else None
    return MailExtras(
        to=named,
        cc=tuple(to.address for to in mail.cc),
        reply_to=mail.reply_to,
        headers=mail.headers,
        inline=len(mail.images),
    )


def faults(mail: Mail) -> dict[str, list[str]]:
    """Return what is wrong with the number of those whom all recipients see, by field."""
    found: dict[str, list[str]] = {}
    if len(mail.cc) > MOST_NAMED or (mail.shows_recipients and len(mail.to) > MOST_NAMED):
        name = "cc" if len(mail.cc) > MOST_NAMED else "to"
        found[mail.names.get(name, name)] = [f"must have at most {MOST_NAMED} addresses that all recipients see"]
    return found


def tracking(clicks: bool | None, everything: bool | None, click_url: str | None) -> bool | None:
    """Return whether links are to be replaced, None if the sender does not say.

    Every client sends `track: true` by itself, so that is no wish. Whoever only names a URL for clicks wants them.
    """
    if clicks is not None:
        return clicks
    if everything is False:
        return False
    return True if click_url is not None else None
