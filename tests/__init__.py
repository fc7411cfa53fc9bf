"""Tests mirror the tree: `shortener/rules/body.py` is tested in `tests/rules/test_body.py`."""
