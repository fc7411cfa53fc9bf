"""The life of a process: start, serve, stop."""
