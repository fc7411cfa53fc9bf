"""The tables as typed SQLAlchemy models on one `Base`, in a module for each noun. They have no behaviour."""

from shortener.storage.models.account import Account, Credential, SigningSecret, Usage
from shortener.storage.models.audit import AuditEntry
from shortener.storage.models.base import VOCABULARIES, Base
from shortener.storage.models.callback import CLICK, Attempt, Callback, Replay
from shortener.storage.models.campaign import Campaign, CampaignBlock
from shortener.storage.models.click import Click
from shortener.storage.models.column_types import BinaryUuid, ByteText, Choice, Document, Instant, RowId
from shortener.storage.models.export import Export, ExportAttempt
from shortener.storage.models.incident import Alert, AlertAttempt, FailingReceiver, Incident
from shortener.storage.models.installation import Installation, Origin
from shortener.storage.models.message import Attachment, Link, Message, Part, PartKind
from shortener.storage.models.person import PasswordLink, Person, SignedIn, SignInFailure
from shortener.storage.models.sending import GatewayRate, Receipt, Sending, SendingAttempt
from shortener.storage.models.total import UNTAGGED, ChangedHour, HourTotal, TagTotal

__all__ = [
    "CLICK",
    "UNTAGGED",
    "VOCABULARIES",
    "Account",
    "Alert",
    "AlertAttempt",
    "Attachment",
    "Attempt",
    "AuditEntry",
    "Base",
    "BinaryUuid",
    "ByteText",
    "Callback",
    "Campaign",
    "CampaignBlock",
    "ChangedHour",
    "Choice",
    "Click",
    "Credential",
    "Document",
    "Export",
    "ExportAttempt",
    "FailingReceiver",
    "GatewayRate",
    "HourTotal",
    "Incident",
    "Installation",
    "Instant",
    "Link",
    "Message",
    "Origin",
    "Part",
    "PartKind",
    "PasswordLink",
    "Person",
    "Receipt",
    "Replay",
    "RowId",
    "Sending",
    "SendingAttempt",
    "SignInFailure",
    "SignedIn",
    "SigningSecret",
    "TagTotal",
    "Usage",
]
