"""`doctor`: check an installation without changing it, and say what to do."""
