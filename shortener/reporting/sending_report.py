"""What became of the hand-over of a message, as its report shows it."""

from shortener.reporting import sending_documents as documents
from shortener.reporting.callback_documents import CallbackWithAttempts
from shortener.reporting.callback_report import millis, readable
from shortener.reporting.message_story import Story, Told
from shortener.rules.delivery.attempt_outcome import AttemptOutcome
from shortener.rules.delivery.job_state import JobState
from shortener.rules.wire.moments import rfc3339, rfc3339_or_none
from shortener.storage.models import SendingAttempt


def sending(story: Story) -> documents.Sending | None:
    """Return the sending of a message with its newest attempts; None if nobody hands the message over."""
    its = story.sending
    if its is None:
        return None
    return {
        "gateway": its.gateway,
        "channel": its.channel,
        "state": its.state,
        "exhausted_because": its.exhausted_because,
        "created_on": rfc3339(its.created_on),
        "next_attempt_on": rfc3339(its.due_on) if its.state == JobState.PENDING else None,
        "expires_on": rfc3339(its.expires_on),
        "sent_on": rfc3339_or_none(its.sent_on),
        "gateway_ref": its.gateway_ref,
        "starts": story.tries,
        "attempts": [_attempt(attempt) for attempt in story.attempts],
    }


def callback(told: Told) -> CallbackWithAttempts:
    """Return a callback with its attempts."""
    return {**told.callback, "attempts": told.attempts}


def _attempt(attempt: SendingAttempt) -> documents.HandOver:
    return {
        "number": attempt.number,
        "started_on": rfc3339(attempt.started_on),
        "ended_on": rfc3339_or_none(attempt.ended_on),
        "outcome": attempt.outcome or AttemptOutcome.RUNNING,
        "detail": attempt.detail,
        "status": attempt.status,
        "answer": readable(attempt.answer),
        "total_ms": millis(attempt.total_us),
    }
