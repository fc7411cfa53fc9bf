"""Every socket to the outside."""
