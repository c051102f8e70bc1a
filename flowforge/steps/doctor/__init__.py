"""What doctor looks at: this machine, the token and its permissions, the places of the manifest, the state."""
