"""Messages that were just stored, as vendors' wire formats see them, from what is in memory.

Nothing is read for them: after the commit an answer must not fail, or the client sends its message once more.
"""

from shortener.accounts.senders import Sender
from shortener.installation.site import Site
from shortener.messages import rewriting, within_limits
from shortener.messages.analysis import Analysis
from shortener.messages.preprocess import Preprocessed
from shortener.rules.delivery.face_message import FaceLink, FaceMessage


def new(account: Sender, analysis: Analysis, done: Preprocessed, site: Site) -> FaceMessage:
    """Return a message with its HTML, and with its recipient as it was submitted, however the account stores it."""
    submission, face, message = analysis.submission, analysis.face, done.message
    due_on = within_limits.due_on(account, analysis, message.received_on)
    return FaceMessage(
        id=message.id,
        msgid=message.msgid,
        sid=account.sid,
        client_tag=submission.client_tag,
        bulk_id=face.bulk_id,
        fields={**(submission.vendor_fields() or {}), **(face.fields or {})},
        sender=submission.sender,
        recipient=submission.recipient,
        subject=submission.subject,
        text=rewriting.text(message.text, done.links, site),
        html=html(done, site),
        received_on=message.received_on,
        send_on=due_on if due_on > message.received_on else None,
        state=message.state,
        state_on=message.received_on if message.state else None,
        tags=tuple(submission.tags or ()),
        track_link=analysis.track_link,
        links=tuple(FaceLink(link.target, site.shortlink_of(link)) for link in done.links),
    )


def html(done: Preprocessed, site: Site) -> str | None:
    """Return the HTML to send."""
    submitted = done.message.html
    return None if submitted is None else rewriting.html(submitted, done.links, site)
