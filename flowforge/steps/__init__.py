"""The steps of a run, each of which joins two parts of FlowForge. `flowforge.run` puts them in order."""
