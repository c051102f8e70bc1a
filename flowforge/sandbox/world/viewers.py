"""Who sees a secret or a variable of an organization: all its repositories, the private ones, or those selected."""

from typing import Final

from flowforge.data_class import dataclass

VISIBILITIES: Final = ("all", "private", "selected")


@dataclass(frozen=True, slots=True)
class SharedWith:
    """A visibility, and the ids of the selected repositories, which count only if it is `selected`."""

    visibility: str
    selected: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        """Raise ValueError for a visibility that GitHub does not have."""
        if self.visibility not in VISIBILITIES:
            raise ValueError("visibility is all, private or selected")

    @property
    def is_selected(self) -> bool:
        """Return whether the list of repositories counts."""
        return self.visibility == "selected"

    def admits(self, number: int, *, public: bool) -> bool:
        """Return whether a repository of the organization sees it."""
        match self.visibility:
            case "all":
                return True
            case "private":
                return not public
        return number in self.selected
