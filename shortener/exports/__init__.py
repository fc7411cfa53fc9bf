"""Exports as jobs: messages written as a file to the operator's storage."""
