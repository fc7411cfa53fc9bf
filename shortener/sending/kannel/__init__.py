"""Kannel as a gateway: hand texts over, and read what it reports."""
