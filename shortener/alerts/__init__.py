"""Look for incidents, and tell owners and operators about each: once when it begins, and once when it is over."""
