"""Files and folders on the local disk."""
