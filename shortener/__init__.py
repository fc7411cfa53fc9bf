"""A self-hosted link shortener and click tracker for messages."""
