"""The outbox: one engine that claims, attempts and settles jobs of any kind."""
