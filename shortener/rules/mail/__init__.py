"""What may stand in a mail, and how it is written: addresses, header texts, content types."""
