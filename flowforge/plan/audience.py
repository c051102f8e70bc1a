"""Who sees an organization's secret: all its repos, the private ones, or selected ones; and how that changes."""

from collections.abc import Iterable
from dataclasses import field
from enum import StrEnum

from flowforge.data_class import dataclass
from flowforge.plan.address import Repo


class Visibility(StrEnum):
    """What GitHub calls who sees an organization's secret."""

    ALL = "all"
    PRIVATE = "private"
    SELECTED = "selected"


# The changes of visibility that can only take away. Any other may let a repo see the secret that did not before: of
# `private` to `selected` as well, since a selected repo may be public.
_NARROWS = frozenset({(Visibility.ALL, Visibility.PRIVATE), (Visibility.ALL, Visibility.SELECTED)})


@dataclass(frozen=True, slots=True, order=True)
class Viewer:
    """A selected repo."""

    repo: Repo
    """Its name."""
    id: int = 0
    """GitHub's id; 0 where it is not known yet."""
    new_to: str = field(default="", compare=False)
    """The group whose selector newly found it, as in `Wanted.new_to`."""


@dataclass(frozen=True, slots=True)
class Audience:
    """Who sees a secret."""

    visibility: Visibility
    """Which repos see it."""
    viewers: tuple[Viewer, ...] = ()
    """The selected repos; none unless the visibility is `selected`."""
    hidden: frozenset[int] = frozenset()
    """The ids of selected repos that GitHub does not show to this token, so that their names are not known."""

    @classmethod
    def selected(cls, viewers: Iterable[Viewer]) -> "Audience":
        """Return the audience of a list of repos, in any order."""
        return cls(Visibility.SELECTED, tuple(sorted(viewers)))

    @property
    def ids(self) -> tuple[int, ...]:
        """The ids of the selected repos, sorted."""
        return tuple(sorted({*(viewer.id for viewer in self.viewers), *self.hidden}))

    @property
    def is_selected(self) -> bool:
        """Whether it is a list of repos."""
        return self.visibility is Visibility.SELECTED

    @property
    def text(self) -> str:
        """The audience in words: `all repositories`, `private repositories`, `2 selected repositories`."""
        if not self.is_selected:
            return f"{self.visibility} repositories"
        number = len(self.viewers) + len(self.hidden)
        return f"{number} selected {'repository' if number == 1 else 'repositories'}"


@dataclass(frozen=True, slots=True)
class Access:
    """How it changes who sees a secret."""

    before: Audience | None
    """Who sees it now; None where the secret is missing."""
    after: Audience
    """Who is to see it."""
    by_list: bool = False
    """Whether it is written without the value. Of a secret, only the list of selected repos can be."""
    rewrites: bool = False
    """Whether the value is written again for this alone. Where neither is true, it goes along with the value."""
    recorded: Audience | None = None
    """Who saw it since FlowForge's last write, without those that are not to see it again; None where it wrote none."""

    @property
    def differs(self) -> bool:
        """Whether the audience changes."""
        before = self.before
        # By id: a repo that was renamed is still the same viewer.
        return before is None or (before.visibility, before.ids) != (self.after.visibility, self.after.ids)

    @property
    def added(self) -> tuple[Repo, ...]:
        """The repos that become selected."""
        known = {viewer.id for viewer in self.before.viewers} if self.before else set()
        return tuple(viewer.repo for viewer in self.after.viewers if viewer.id not in known)

    @property
    def removed(self) -> tuple[Repo, ...]:
        """The repos that are no longer selected."""
        kept = {viewer.id for viewer in self.after.viewers}
        return tuple(viewer.repo for viewer in self.before.viewers if viewer.id not in kept) if self.before else ()

    @property
    def removed_unseen(self) -> int:
        """How many repos are no longer selected that GitHub does not show to this token."""
        return len(self.before.hidden.difference(self.after.ids)) if self.before else 0

    @property
    def newcomers(self) -> tuple[Repo, ...]:
        """The repos that become selected. Those that saw a secret before it was deleted outside are no newcomers."""
        known = {viewer.id for viewer in self._known.viewers} if self._known else set()
        return tuple(viewer.repo for viewer in self.after.viewers if viewer.id not in known)

    @property
    def unadmitted(self) -> tuple[Viewer, ...]:
        """The repos that come to see it and that their group has not admitted."""
        # A repo that sees the secret already gains nothing, so nobody has to admit it.
        seeing = self.before.ids if self.before else ()
        every = self.before is not None and self.before.visibility is Visibility.ALL
        return tuple(one for one in self.after.viewers if one.new_to and not every and one.id not in seeing)

    @property
    def widens(self) -> bool:
        """Whether a repo may come to see it that does not now, or did not before the secret was deleted outside."""
        # A secret that FlowForge creates for the first time reaches whom the manifest names: there is nothing to widen.
        if self._known is None:
            return False
        change = (self._known.visibility, self.after.visibility)
        return bool(self.newcomers) if change[0] is change[1] else change not in _NARROWS

    @property
    def _known(self) -> Audience | None:
        return self.before or self.recorded

    @property
    def sentence(self) -> str:
        """The change in words."""
        if not self.differs:
            return f"visible to {self.after.text}"
        if self.before is None:
            return f"to be visible to {self.after.text}" + ("; more can see it" if self.widens else "")
        if self.before.visibility is not self.after.visibility:
            what = f"visible to {self.after.text}, until now to {self.before.text}"
            what += "; this rewrites the value" if self.rewrites else ""
        else:
            counts = ((len(self.added), "added"), (len(self.removed) + self.removed_unseen, "removed"))
            what = "visible to " + self.after.text + ": " + ", ".join(f"{n} {verb}" for n, verb in counts if n)
        hidden = len(self.after.hidden)
        what += f"; {hidden} that this token cannot see {'keeps' if hidden == 1 else 'keep'} access" if hidden else ""
        return f"{what}; more can see it" if self.widens else what
