"""Settings, the settings file, and the secret key."""
