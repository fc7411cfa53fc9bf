"""Validation of input: the parents of the models, and the types of their fields."""
