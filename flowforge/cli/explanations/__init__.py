"""What `flowforge explain` knows: the pages of our codes, and the failures that users of Claude's actions meet."""
