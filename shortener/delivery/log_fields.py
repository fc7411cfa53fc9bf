"""What the log says about jobs besides their own names: the account's SID, and the msgid of the message."""

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import Table, bindparam, select
from sqlalchemy.orm import Session

from shortener.delivery.job import Claimed
from shortener.storage.models import Base

_account: Final[Table] = Base.metadata.tables["account"]
_message: Final[Table] = Base.metadata.tables["message"]
_SIDS: Final = select(_account.c.id, _account.c.sid).where(_account.c.id.in_(bindparam("ids", expanding=True)))
_MSGIDS: Final = select(_message.c.id, _message.c.msgid).where(_message.c.id.in_(bindparam("ids", expanding=True)))


def of_jobs(session: Session, claimed: Sequence[Claimed]) -> Mapping[int, Mapping[str, str]]:
    """Return the fields of each job by its id; `msgid` only of jobs that are about a message."""
    if not claimed:
        return {}
    messages = {one.job_id: id_ for one in claimed if (id_ := getattr(one.loaded, "message_id", None)) is not None}
    connection = session.connection()
    sids: dict[int, str] = dict(connection.execute(_SIDS, {"ids": [*{one.account_id for one in claimed}]}).all())
    found = connection.execute(_MSGIDS, {"ids": [*set(messages.values())]}) if messages else ()
    msgids = {id_: str(msgid) for id_, msgid in found}
    return {
        one.job_id: {"account": sids[one.account_id]}
        | ({"msgid": msgids[messages[one.job_id]]} if messages.get(one.job_id) in msgids else {})
        for one in claimed
        if one.account_id in sids
    }
