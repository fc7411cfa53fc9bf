"""Check submissions, find their links, and store messages: one by one, in batches, or from campaign files."""
