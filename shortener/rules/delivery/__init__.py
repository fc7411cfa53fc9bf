"""Decisions about jobs: retries, fair share, addresses, outcomes, events."""
