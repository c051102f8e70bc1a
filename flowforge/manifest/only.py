"""`only`: where a credential may go, whichever file of the manifest sends it there."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import field

from flowforge.data_class import dataclass
from flowforge.errors import Where, quote
from flowforge.manifest.documents import References
from flowforge.manifest.findings import Findings
from flowforge.manifest.globs import Globs
from flowforge.manifest.members import Members
from flowforge.manifest.model import Credential, Only, Target
from flowforge.manifest.nodes import Node
from flowforge.manifest.places import Place
from flowforge.manifest.same_source import has_placeholders, may_read_the_same
from flowforge.manifest.source_spec import Mention
from flowforge.plan.address import Repo, Scope
from flowforge.plan.audience import Visibility


def read_only(node: Node, groups: References) -> Only | None:
    """Read the `only` of a credential. Report (FF141) a group that does not exist."""
    part = node.part("only")
    if part is None or not part.sound:
        return None
    mentions = [Mention(str(each.data), each.where) for each in part.items()]
    named = tuple(Mention(each.text[1:], each.where) for each in mentions if each.text.startswith("@"))
    for each in named:
        groups.check(each.text, each.where)
    patterns = tuple(each.text.lower() for each in mentions if not each.text.startswith("@"))
    return Only(patterns, named, node.key("only"))


@dataclass(slots=True)
class _Admitted:
    """What one `only` admits, computed once for each repo."""

    only: Only
    globs: Globs
    repos: Collection[str]
    """The keys of the repos of its groups."""
    spend: Callable[[int, Where], None]
    known: dict[str, bool] = field(default_factory=dict)

    def admits(self, repo: Repo) -> bool:
        if repo.key not in self.known:
            self.spend(len(self.globs), self.only.where)
            self.known[repo.key] = repo.key in self.repos or self.globs.fit(repo.key)
        return self.known[repo.key]

    def admits_all_of(self, owner: str) -> bool:
        """Return whether a pattern admits every repo of an owner, those that are still to come among them."""
        split = (pattern.rpartition("/") for pattern in self.only.patterns)
        return any(not name.strip("*") and Globs([whose or "*"]).fit(owner) for whose, _, name in split)


class OnlyRules:
    """The `only` of every credential, held against every place that gets its value."""

    def __init__(self, credentials: Mapping[str, Credential], members: Members, findings: Findings) -> None:
        """Find out what each admits. Report (FF157) a group whose repos a selector chooses."""
        self._members = members
        self._findings = findings
        self._bound = {name: each for name, each in credentials.items() if each.only}
        self._admitted: dict[str, _Admitted] = {}
        self._binds: dict[tuple[str, Scope | None], Collection[Credential]] = {}
        # By the target and the credential that it must not send there, so that a thousand repos are one problem.
        self._strays: defaultdict[tuple[Where, str], list[_Stray]] = defaultdict(list)
        for name, credential in self._bound.items():
            self._admit(name, credential.only)

    def _admit(self, name: str, only: Only | None) -> None:
        if only is None:
            return
        repos: set[str] = set()
        for group in only.groups:
            if group.text in self._members.groups and self._members.selects(self._members.groups[group.text]):
                what = f"a selector chooses repositories of the group {quote(group.text)}, so it cannot stand in `only`"
                why = "whoever creates a repository, or gives it a topic, would decide where the credential may go"
                fix = "write a pattern such as owner/svc-*, or a group that names its repositories"
                self._findings.add(group.where, "FF157", what, why=why, fix=fix)
            found = self._members.named(group.text)
            # Something is wrong with the group, which was reported. Nothing is concluded from what is left of it.
            if found is None:
                return
            repos |= found.keys()
        # A pattern without an owner fits that name under any owner, as under `exclude`.
        globs = Globs(pattern if "/" in pattern else f"*/{pattern}" for pattern in only.patterns)
        self._admitted[name] = _Admitted(only, globs, repos, self._members.spend)

    def check(self, place: Place, target: Target, credential: Credential) -> None:
        """Note where a place gets the value of a credential that may not go there."""
        for bound in self._binding(place, credential) if self._bound else ():
            admitted = self._admitted.get(bound.name)
            for repo in _strays(place, admitted) if admitted else ():
                self._strays[target.where, bound.name].append(_Stray(repo, target, credential, bound))

    def _binding(self, place: Place, credential: Credential) -> Collection[Credential]:
        """Return the credentials whose `only` holds for a place: its own, and those that may read the same source."""
        # Else a file could name the source of another team's key under a name of its own.
        repo = place.address.scope if has_placeholders(credential.source) else None
        if (credential.name, repo) not in self._binds:
            self._members.spend(len(self._bound), credential.where)
            self._binds[credential.name, repo] = [
                bound
                for bound in self._bound.values()
                if bound is credential or may_read_the_same(bound.source, credential.source, place.address.scope)
            ]
        return self._binds[credential.name, repo]

    def report(self) -> None:
        """Report (FF156) each target that sends a credential where it may not go, once for all its repos."""
        for strays in self._strays.values():
            strays[0].report(len(strays) - 1, self._findings)


def _strays(place: Place, admitted: _Admitted) -> Iterator[Repo]:
    """Yield the repos that would get a value and may not; the organization where all of its repos would."""
    repo = place.address.scope.repo
    if place.visibility is None:
        yield from () if admitted.admits(repo) else (repo,)
    elif place.visibility is Visibility.SELECTED:
        yield from (each.repo for each in place.viewers if not admitted.admits(each.repo))
    elif not admitted.admits_all_of(repo.key):
        yield repo


@dataclass(frozen=True, slots=True)
class _Stray:
    """A repo to which a target sends what may not go there."""

    repo: Repo
    target: Target
    credential: Credential
    bound: Credential
    """The credential whose `only` does not admit it: the same, or another that reads the same source."""

    def report(self, others: int, findings: Findings) -> None:
        """Report it. others: how many more repos of the target may not get it."""
        only = self.bound.only.where if self.bound.only else self.bound.where
        whole = self.repo.is_organization
        whom = f"every repository of {quote(self.repo.name)}" if whole else quote(self.repo.name)
        what = f"{quote(self.bound.name)} may not go to {whom}{f' and {others} more' if others else ''}"
        other = f"{quote(self.credential.name)} at {self.credential.where} reads the same source, and "
        said = f"its `only` at {only} does not admit {'them' if whole else 'it'}"
        why = said if self.credential is self.bound else other + said
        who = f"have {quote(self.bound.owner)} admit it there" if self.bound.owner else "admit it there"
        fix = f"take it out of the target {quote(self.target.name)}, name another credential, or {who}"
        findings.add(self.target.where, "FF156", what, why=why, fix=fix)
