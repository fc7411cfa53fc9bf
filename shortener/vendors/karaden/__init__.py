"""Karaden's wire format: its SMS API, versions 2023-01-01 to 2024-03-01."""
