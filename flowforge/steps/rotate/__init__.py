"""A rotation: one credential's lines, in batches by repo, each proven before the next; the old key goes last."""
