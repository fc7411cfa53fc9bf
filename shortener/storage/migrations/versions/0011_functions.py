"""The statements of a click become functions of PostgreSQL.

Changes no table. Each upgrade creates the functions after its revisions (`shortener/storage/functions.py`); this one
makes sure that there is an upgrade.
"""

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Do nothing here."""
