"""Twilio: its wire format with signed callbacks, the receipts of its gateway, and its API as a gateway."""
