"""What exists once in an installation: its public site, earlier public addresses and the accepted time."""
