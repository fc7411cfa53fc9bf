"""Incidents: what kinds there are, when each begins and ends, and the words in which somebody is told."""
