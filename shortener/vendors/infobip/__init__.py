"""Infobip's receipts."""
