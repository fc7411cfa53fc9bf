"""Vonage: its SMS API, and its receipts."""
