"""Take messages in, find their links, store both."""
