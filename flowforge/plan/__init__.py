"""The decision: pure functions over addresses, fingerprints and times. No plaintext, no input or output."""
