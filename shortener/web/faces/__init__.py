"""The vendors' wire formats, one file each."""
