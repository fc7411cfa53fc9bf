"""Resolve slugs and record clicks."""
