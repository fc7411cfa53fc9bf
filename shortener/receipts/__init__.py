"""Receipts: read them, find their messages, and change the messages' states."""
