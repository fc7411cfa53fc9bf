"""Find, judge and replace the links of a text."""
