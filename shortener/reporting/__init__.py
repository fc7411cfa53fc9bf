"""Reports, lists, exports and numbers."""
