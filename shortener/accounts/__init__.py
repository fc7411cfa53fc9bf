"""Senders, their credentials and secrets, and the people who sign in."""
