"""Karaden's receipts."""
