"""Tests mirror the tree: `shortener/rules/links/body.py` is tested in `tests/rules/links/test_body.py`."""
