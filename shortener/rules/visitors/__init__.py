"""Classify visitors: person, preview, bot, scanner or unknown."""
