"""The parts of a page: what its rows are, the elements that they are made of, its style and its script."""
