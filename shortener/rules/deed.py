"""What the audit log records: deeds, and where they came from."""

import enum


class Origin(enum.StrEnum):
    """Where somebody did something."""

    COMMAND = "command"
    API = "api"
    DASHBOARD = "dashboard"


class Deed(enum.StrEnum):
    """What somebody did. A value that is stored does not change its meaning."""

    ACCOUNT_CREATED = "account.created"
    ACCOUNT_CHANGED = "account.changed"
    ACCOUNT_DISABLED = "account.disabled"
    ACCOUNT_ENABLED = "account.enabled"
    TOKEN_CREATED = "token.created"  # noqa: S105 - no password
    TOKEN_ROTATED = "token.rotated"  # noqa: S105 - no password
    TOKEN_REVOKED = "token.revoked"  # noqa: S105 - no password
    SECRET_ROTATED = "secret.rotated"  # noqa: S105 - no password
    SECRETS_RESEALED = "secret.resealed"
    RECEIPTS_KEY_SHOWN = "receipts_key.shown"
    PERSON_CREATED = "person.created"
    PERSON_INVITED = "person.invited"
    PERSON_CHANGED = "person.changed"
    PERSON_DISABLED = "person.disabled"
    PERSON_ENABLED = "person.enabled"
    PASSWORD_CHANGED = "person.password"  # noqa: S105 - no password
    RESET_LINK_CREATED = "person.reset_link"
    SIGNED_IN = "session.signed_in"
    SIGN_IN_FAILED = "session.failed"
    SIGNED_OUT = "session.signed_out"
    SWITCHED_OFF = "message.off"
    SWITCHED_ON = "message.on"
    CANCELED = "message.canceled"
    REPEATED = "message.repeated"
    GIVEN_UP = "message.given_up"
    ERASED = "message.erased"
    REPLAYED = "callback.replayed"
    CAMPAIGN_STARTED = "campaign.started"
    CAMPAIGN_CANCELED = "campaign.canceled"
    CAMPAIGN_DELETED = "campaign.deleted"
    EXPORT_STARTED = "export.started"
    EXPORT_CANCELED = "export.canceled"
    MESSAGES_EXPORTED = "messages.exported"
    MESSAGES_PRUNED = "messages.pruned"
    CLOCK_TRUSTED = "clock.trusted"
    DATABASE_RESTORED = "database.restored"
    AUDIT_EXPORTED = "audit.exported"
