"""The attempts that jobs had before: how often they were started, and how often that was interrupted."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, Row, Select

from shortener.delivery.job import Job, JobTables
from shortener.rules.delivery.job_state import JobState

Fields = Row[*tuple[Any, ...]]
# A job that was interrupted so often may itself crash our processes. It is attempted alone, because otherwise it would
# interrupt others too, until they are exhausted.
SUSPECT_AFTER: Final = 2


class History:
    """The attempts of some jobs so far. A job is given as the row that a claim has locked."""

    def __init__(self, connection: Connection, statement: Select[*tuple[Any, ...]], ids: Sequence[int]) -> None:
        self._rows = {row_id: counts for row_id, *counts in connection.execute(statement, {"ids": ids})}

    def starts(self, job: Fields) -> int:
        """How often the job was started, which is the number of its last attempt."""
        return int(self._rows[job.id][0]) if job.id in self._rows else 0

    def is_suspect(self, job: Fields) -> bool:
        """Whether the job has just been interrupted, and not for the first time."""
        return was_attempting(job) and job.id in self._rows and self._rows[job.id][1] >= SUSPECT_AFTER

    def was_interrupted(self, job: Fields) -> bool:
        """Whether its last attempt was interrupted."""
        return job.id in self._rows and self._rows[job.id][0] == self._rows[job.id][2]

    def chosen(self, jobs: Sequence[Fields]) -> Sequence[Fields]:
        """Only the first job if it is a suspect, otherwise all that are none."""
        if jobs and self.is_suspect(jobs[0]):
            return jobs[:1]
        return [job for job in jobs if not self.is_suspect(job)]

    def job(self, row: Fields, tables: JobTables) -> Job:
        """The job as its kind sees it."""
        return Job(
            job_id=row.id,
            account_id=row.account_id,
            destination=row.destination,
            label=str(getattr(row, tables.label)),
            loaded=row,
            starts=self.starts(row),
            was_attempting=was_attempting(row),
            was_interrupted=self.was_interrupted(row),
        )


def was_attempting(job: Fields) -> bool:
    """Whether the lease of this due job has run out."""
    return bool(job.state == JobState.ATTEMPTING)
