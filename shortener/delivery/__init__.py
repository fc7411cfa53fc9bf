"""The queue of jobs, and the loop that attempts them."""
