"""Whether a credential lives, told by the runs of the workflows that use it. Asks nobody and holds no value."""
