"""Rows of exports in any state, without files."""

import datetime as dt

from sqlalchemy.orm import Session

from shortener.rules.delivery.attempt_outcome import AttemptOutcome
from shortener.rules.delivery.job_state import JobState
from shortener.storage.models import Export, ExportAttempt

HOUR = dt.timedelta(hours=1)
STATES = (JobState.PENDING, JobState.ATTEMPTING, JobState.DELIVERED, JobState.EXHAUSTED, JobState.CANCELED)
_OPEN = (JobState.PENDING, JobState.ATTEMPTING)


def put_export(session: Session, account_id: int, state: JobState, *, now: dt.datetime) -> Export:
    """Add an export in this state that was asked for at that time, with an attempt."""
    export = Export(
        account_id=account_id,
        public_id=f"exp_{account_id}{state}",
        place=f"s3://bucket/exports/SID/{state}.csv",
        bucket="bucket",
        name=f"{state}.csv",
        format="csv",
        wanted={"tag": "parcel"},
        destination=f"{account_id} export://storage:0",
        state=state,
        created_on=now,
        due_on=now + 24 * HOUR,
        lease_token="held" if state is JobState.ATTEMPTING else None,
        settled_on=None if state in _OPEN else now,
        exhausted_because="all 5 attempts failed" if state is JobState.EXHAUSTED else None,
        rows=12_345,
        size=2_345_678,
    )
    session.add(export)
    session.flush()
    outcome = AttemptOutcome.DELIVERED if state is JobState.DELIVERED else AttemptOutcome.UNWRITTEN
    detail = "the storage answered 403 SignatureDoesNotMatch"
    session.add(
        ExportAttempt(export_id=export.id, number=1, started_on=now, ended_on=now, outcome=outcome, detail=detail)
    )
    return export
