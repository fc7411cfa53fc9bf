"""Check what comes in: the parents of the models, and the types of their fields."""
