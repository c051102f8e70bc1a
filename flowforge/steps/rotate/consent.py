"""That somebody said to write. Whatever changes anything in a rotation demands it, so that no way around it is left."""

from flowforge.data_class import dataclass


@dataclass(frozen=True, slots=True)
class Consent:
    """That somebody said to rotate: by --yes, or by typing yes after what would be written was shown.

    The command line makes it, and `--check` never does.
    """

    credential: str
    """The credential that it is about."""

    def require(self, credential: str) -> None:
        """Raise ValueError where it is about another credential."""
        if credential != self.credential:
            message = "the consent is about another credential"
            raise ValueError(message)
