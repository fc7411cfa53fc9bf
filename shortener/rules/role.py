"""What a person may do with an account."""

import enum


class Role(enum.StrEnum):
    """The roles of an account's people."""

    OWNER = "owner"  # may read and change
    VIEWER = "viewer"  # may read
