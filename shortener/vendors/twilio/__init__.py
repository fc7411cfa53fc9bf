"""Twilio's receipts."""
