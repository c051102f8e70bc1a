"""The manifest: from files to a checked model, and from that to the places where secrets are wanted."""
