"""Who sees an organization's secret: all its repos, the private ones, or those selected; and what differs in that."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from flowforge.plan.address import Repo


class Visibility(StrEnum):
    """What GitHub calls who sees an organization's secret."""

    ALL = "all"
    PRIVATE = "private"
    SELECTED = "selected"


# What takes away only: whatever else changes may let a repo see the secret that did not before.
_NARROWS = frozenset({(Visibility.ALL, Visibility.PRIVATE), (Visibility.ALL, Visibility.SELECTED)})


@dataclass(frozen=True, slots=True, order=True)
class Viewer:
    """A selected repo. id: GitHub's, 0 where it is not known yet; two are the same by it, or by name.

    new_to: the group whose selector found it and has not admitted it, as `Wanted.new_to`.
    """

    repo: Repo
    id: int = 0
    new_to: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Audience:
    """A visibility, and the selected repos by name, none of them unless it is `selected`.

    hidden: the ids of those among them that GitHub does not show to this token, so that they have no name.
    """

    visibility: Visibility
    viewers: tuple[Viewer, ...] = ()
    hidden: frozenset[int] = frozenset()

    @classmethod
    def selected(cls, viewers: Iterable[Viewer]) -> "Audience":
        """Give that of a list of repos, in any order."""
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
        """It in words: `all repositories`, `private repositories`, `2 selected repositories`."""
        if not self.is_selected:
            return f"{self.visibility} repositories"
        number = len(self.viewers) + len(self.hidden)
        return f"{number} selected {'repository' if number == 1 else 'repositories'}"


@dataclass(frozen=True, slots=True)
class Access:
    """Who sees a secret now, None where it is not there, and who is to.

    by_list: who sees it is written without the value, which of a secret the list of repos alone can be. rewrites: the
    value is, for this alone. Neither: it goes along with it.
    recorded: who saw it as FlowForge wrote it, as far as they are to see it again; None where it did not.
    """

    before: Audience | None
    after: Audience
    by_list: bool = False
    rewrites: bool = False
    recorded: Audience | None = None

    @property
    def differs(self) -> bool:
        """Whether it would be another audience."""
        before = self.before
        return before is None or (before.visibility, before.ids) != (self.after.visibility, self.after.ids)

    @property
    def added(self) -> tuple[Repo, ...]:
        """The repos that would be selected and are not."""
        known = {viewer.id for viewer in self.before.viewers} if self.before else set()
        return tuple(viewer.repo for viewer in self.after.viewers if viewer.id not in known)

    @property
    def removed(self) -> tuple[Repo, ...]:
        """The repos that are selected and would not be."""
        kept = {viewer.id for viewer in self.after.viewers}
        return tuple(viewer.repo for viewer in self.before.viewers if viewer.id not in kept) if self.before else ()

    @property
    def removed_unseen(self) -> int:
        """How many would not be selected any more that this token is not shown."""
        return len(self.before.hidden.difference(self.after.ids)) if self.before else 0

    @property
    def newcomers(self) -> tuple[Repo, ...]:
        """The repos that would be selected and are not; of a secret that was deleted outside, that were not."""
        known = {viewer.id for viewer in self._known.viewers} if self._known else set()
        return tuple(viewer.repo for viewer in self.after.viewers if viewer.id not in known)

    @property
    def unadmitted(self) -> tuple[Viewer, ...]:
        """The repos that would come to see it and that a group has not admitted."""
        seeing = self.before.ids if self.before else ()
        every = self.before is not None and self.before.visibility is Visibility.ALL
        return tuple(one for one in self.after.viewers if one.new_to and not every and one.id not in seeing)

    @property
    def widens(self) -> bool:
        """Whether a repo may see it that does not now, or did not before the secret was deleted outside.

        A secret that is not there, and never was ours, is seen by nobody it could reach.
        """
        if self._known is None:
            return False
        change = (self._known.visibility, self.after.visibility)
        return bool(self.newcomers) if change[0] is change[1] else change not in _NARROWS

    @property
    def _known(self) -> Audience | None:
        return self.before or self.recorded

    @property
    def sentence(self) -> str:
        """What would change, in words."""
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
        what += f"; {len(self.after.hidden)} not shown to this token stay so" if self.after.hidden else ""
        return f"{what}; more can see it" if self.widens else what
