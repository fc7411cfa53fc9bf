"""AI CROSS's receipts."""
