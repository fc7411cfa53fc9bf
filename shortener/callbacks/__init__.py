"""Callbacks: signed events that tell a sender about first clicks; replays and test events."""
