"""Tell a sender about first clicks: replay, test event."""
