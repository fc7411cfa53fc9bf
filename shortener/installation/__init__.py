"""What there is once in an installation."""
