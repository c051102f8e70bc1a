"""A credential type of a team's own, as its manifest describes one: the secret's name, and what a value is like."""

from flowforge.credentials.types import CredentialType
from flowforge.tokens import own_shape


def own_type(name: str, secret: str, prefix: str, length: int) -> CredentialType:
    """Return the type. prefix: how each value begins, empty where they begin like nothing. length: 0 for any."""
    noun = f"a value of type {name}"
    return CredentialType(
        type=name,
        slot=secret.upper(),
        noun=noun,
        token=own_shape(f"{noun} ({prefix}…)", prefix, length) if prefix else None,
        begins=prefix,
        remedy=f"let its source give {noun}",
        claude=False,
        length=length,
    )
