"""How data is written down: JSON streams, CSV cells, cursors, times."""
