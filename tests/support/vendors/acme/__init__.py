"""A vendor for tests: one folder, as any vendor's."""
