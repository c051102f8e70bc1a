"""Read workflow and action files as GitHub's runner does. Knows no GitHub client and no manifest."""
