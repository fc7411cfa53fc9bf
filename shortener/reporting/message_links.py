"""What lists and exports show of the links of many messages: columns, not objects, as a message may have 1,000."""

import datetime as dt
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Final

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from shortener.installation.site import Site
from shortener.rules.links import body
from shortener.storage.models import Link, PartKind

_FIRST_CLICKS: Final = (  # made once, as exports execute it for each part
    select(Link.message_id, func.min(Link.accessed_on))
    .where(Link.accessed_on.is_not(None), Link.message_id.in_(bindparam("ids", expanding=True)))
    .group_by(Link.message_id)
)


def texts_to_send(session: Session, submitted: Mapping[int, str], site: Site) -> dict[int, str]:
    """Return the texts to send of messages, by message id, with one query; `submitted` are those as received."""
    columns = select(Link.message_id, Link.starts_at, Link.ends_at, Link.base_url, Link.number)
    query = columns.where(Link.message_id.in_(submitted), Link.part == PartKind.TEXT)
    rows = session.execute(query.order_by(Link.message_id, Link.position)) if submitted else ()
    texts = dict(submitted)
    for message_id, links in groupby(rows, key=lambda row: row.message_id):  # the links of one message at a time
        places = [(link.starts_at, link.ends_at, site.shortlink_of(link)) for link in links]
        texts[message_id] = body.rewrite(submitted[message_id], places)
    return texts


def first_clicks(session: Session, message_ids: Sequence[int]) -> dict[int, dt.datetime]:
    """Return when any link of each message was first clicked, by message id; none for those without a click."""
    rows = session.execute(_FIRST_CLICKS, {"ids": message_ids}) if message_ids else ()
    return {message_id: first for message_id, first in rows if first is not None}
