"""The links of an HTML part: find, judge and replace the `href` values that count, and nothing else."""
