"""The verbs of a run, each of which joins two parts of the house; `flowforge.run` puts them in order."""
