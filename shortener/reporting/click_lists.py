"""Lists of a link's clicks, the newest first, of one visitor class or all; and counts of clicks."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shortener.rules.visitors.visitor import Visitor
from shortener.rules.wire import cursor
from shortener.storage.models import Click, Link
from shortener.validation.models import Parameters
from shortener.validation.types import BehindClick

PAGE = 100


class Position(Parameters):
    """The filter of a link's clicks."""

    cursor: BehindClick = None


@dataclass(frozen=True, slots=True)
class Page:
    """The clicks of a page, and a cursor to the next page if there is one."""

    rows: Sequence[Click]
    next: str | None


def find(session: Session, link: Link, *, visitor: str | None = None, place: str | None = None) -> Page:
    """Return a page of the link's clicks, the newest first."""
    query = select(Click).where(Click.link_id == link.id).order_by(Click.id.desc()).limit(PAGE + 1)
    if visitor is not None:
        query = query.where(Click.visitor == visitor)
    if place is not None:
        query = query.where(Click.id < cursor.click(place))
    rows = session.scalars(query).all()
    return Page(rows[:PAGE], cursor.after_click(rows[PAGE - 1].id) if len(rows) > PAGE else None)


def counts(session: Session, link: Link) -> dict[Visitor, int]:
    """Count the link's clicks by visitor class; classes without clicks are left out."""
    grouped = select(Click.visitor, func.count()).where(Click.link_id == link.id).group_by(Click.visitor)
    return dict(session.execute(grouped).all())


def first(session: Session, link: Link) -> Click | None:
    """Return the link's first click, whatever its visitor class; None if there is none."""
    return session.scalar(select(Click).where(Click.link_id == link.id).order_by(Click.id).limit(1))
