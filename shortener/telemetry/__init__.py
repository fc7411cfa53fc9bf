"""What operators watch: numbers that all processes of a server count together, and the lines of the log."""
