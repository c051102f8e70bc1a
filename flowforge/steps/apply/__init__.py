"""From a plan to GitHub: what must hold before, the writes in order, and what is recorded of each."""
