"""Who is this? A person, a preview, a bot or a scanner."""
