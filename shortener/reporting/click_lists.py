"""Lists of the clicks on a message's links, the newest first, of one visitor class or all; and counts of clicks."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from shortener.rules.visitors.visitor import Visitor
from shortener.rules.wire import cursor
from shortener.storage.models import Click, Link
from shortener.validation.models import Parameters
from shortener.validation.types import BehindClick

PAGE = 100


class Position(Parameters):
    """The filter of a message's clicks."""

    cursor: BehindClick = None


@dataclass(frozen=True, slots=True)
class Page:
    """The clicks of a page, and a cursor to the next page if there is one."""

    rows: Sequence[Click]
    next: str | None


def find(session: Session, links: Sequence[Link], *, visitor: str | None = None, place: str | None = None) -> Page:
    """Return a page of the clicks on these links, the newest first."""
    query = select(Click).where(_on(links)).order_by(Click.id.desc()).limit(PAGE + 1)
    if visitor is not None:
        query = query.where(Click.visitor == visitor)
    if place is not None:
        query = query.where(Click.id < cursor.click(place))
    rows = session.scalars(query).all()
    return Page(rows[:PAGE], cursor.after_click(rows[PAGE - 1].id) if len(rows) > PAGE else None)


def counts(session: Session, links: Sequence[Link]) -> dict[Visitor, int]:
    """Count the clicks on these links by visitor class; classes without clicks are left out."""
    grouped = select(Click.visitor, func.count()).where(_on(links)).group_by(Click.visitor)
    return dict(session.execute(grouped).all())


def first(session: Session, links: Sequence[Link]) -> Click | None:
    """Return the first click on these links, whatever its visitor class; None if there is none."""
    return session.scalar(select(Click).where(_on(links)).order_by(Click.id).limit(1))


def _on(links: Sequence[Link]) -> ColumnElement[bool]:
    return Click.link_id.in_([link.id for link in links])
