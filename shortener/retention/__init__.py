"""Delete what is older than the retention period."""
