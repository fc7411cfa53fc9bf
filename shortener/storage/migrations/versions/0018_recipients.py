"""Changes nothing: the index of recipients that it once built had wrong keys of short recipients; see 0019."""

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Do nothing here."""
