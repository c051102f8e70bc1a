"""`flowforge sandbox`: start one, and change one that runs."""
