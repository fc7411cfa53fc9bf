"""Xoxzo's wire format."""
