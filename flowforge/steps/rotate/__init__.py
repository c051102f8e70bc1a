"""Walk a credential through a rotation, and see to it that the old key goes last."""
