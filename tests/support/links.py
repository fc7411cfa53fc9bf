"""Give a stored message more links."""

import secrets

from sqlalchemy import func, select

from shortener.rules.slug import NUMBER_BITS
from shortener.storage import db
from shortener.storage.models import Link
from tests.support.factories import Made


def add_link(made: Made) -> Link:
    """Store another link of the message, at the next position and with a target of its own."""
    assert made.link is not None
    with db.write() as session:
        links = select(func.count()).where(Link.message_id == made.message.id)
        position = session.scalars(links).one() + 1
        columns = {name: getattr(made.link, name) for name in Link.__table__.columns.keys() if name != "id"}  # noqa: SIM118
        columns |= {"number": secrets.randbits(NUMBER_BITS), "position": position, "accessed_on": None}
        link = Link(**columns | {"target": f"https://shop.example.com/{position}"})
        session.add(link)
        session.flush()
        return link
