"""The types of credentials that a manifest puts into the secrets of each repo, for an audit."""

from collections.abc import Iterable, Mapping

from flowforge.manifest.places import Place
from flowforge.plan.address import Repo


class TypesOf:
    """The type of credential that a manifest puts into the secrets of a repo."""

    def __init__(self, places: Iterable[Place]) -> None:
        """Take what the manifest comes to."""
        self._of: dict[str, dict[str, set[str]]] = {}
        for place in places:
            if place.credential is not None:
                mine = self._of.setdefault(place.address.scope.repo.key, {})
                mine.setdefault(place.address.secret, set()).add(place.credential.type)

    def of(self, repo: Repo) -> Mapping[str, str]:
        """Return the type by the secret's name, of those that have the same in every place."""
        found: dict[str, set[str]] = {}
        # An organization's secrets may reach each of its repos.
        for key in (repo.key, repo.owner.lower()):
            for name, types in self._of.get(key, {}).items():
                found.setdefault(name, set()).update(types)
        # A name with two types in two places tells nothing of either, and no `wrong-kind` may rest on it.
        return {name: min(types) for name, types in found.items() if len(types) == 1}
