"""Mail as a gateway: write messages, hand them to a relay, and read what comes back."""
