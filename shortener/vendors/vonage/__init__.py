"""Vonage's receipts."""
