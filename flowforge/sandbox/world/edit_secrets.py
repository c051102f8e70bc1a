"""What can be done to secrets and variables behind GitHub's API, and their plain values."""

from flowforge.sandbox.world.base import Ground
from flowforge.sandbox.world.scope import Lag, SecretScope, checked_name
from flowforge.sandbox.world.variable import Variables
from flowforge.sandbox.world.viewers import SharedWith


class SecretVerbs(Ground):
    """Verbs on secrets and variables; all at once and without lag, each in a second of its own. Thread-safe.

    store: actions, dependabot, codespaces or agents; an environment has the first only. environment: its name in any
    case, empty for the repository itself. visibility: all, private, or selected with the names of its repositories.
    """

    def set_secret(
        self, full_name: str, name: str, value: str, *, store: str = "actions", environment: str = ""
    ) -> None:
        """Write a secret of a repository or an environment."""
        with self.lock:
            scope = self._scope(full_name, store, environment)
            scope.put(checked_name(name), value.encode(), at=self.clock.after(scope.latest), lag=Lag())

    def delete_secret(self, full_name: str, name: str, *, store: str = "actions", environment: str = "") -> None:
        """Delete a secret of a repository or an environment."""
        with self.lock:
            del self._scope(full_name, store, environment).secrets[name.upper()]

    def reveal(self, full_name: str, *, store: str = "actions", environment: str = "") -> dict[str, str]:
        """Return the decrypted values by name. GitHub never shows them: they are what makes a rehearsal a proof."""
        with self.lock:
            return _decrypted(self._scope(full_name, store, environment))

    def replace_key(self, full_name: str, *, store: str = "actions", environment: str = "") -> None:
        """Replace the key of one scope under the same id."""
        with self.lock:
            self._scope(full_name, store, environment).replace_key()

    def rotate_keys(self) -> None:
        """Replace the key of every scope of every store under a new id. Boxes that were sealed before are refused."""
        with self.lock:
            self.rings.rotate()

    def set_org_secret(
        self,
        org: str,
        name: str,
        value: str,
        *,
        store: str = "actions",
        visibility: str = "private",
        repos: list[str] | None = None,
    ) -> None:
        """Write a secret of an organization."""
        with self.lock:
            organization = self._organization(org)
            audience = SharedWith(visibility, self._ids_of(organization, repos))
            scope = organization.stores[store]
            at = self.clock.after(scope.latest)
            scope.put(checked_name(name), value.encode(), at=at, lag=Lag(), audience=audience)

    def delete_org_secret(self, org: str, name: str, *, store: str = "actions") -> None:
        """Delete a secret of an organization."""
        with self.lock:
            del self._organization(org).stores[store].secrets[name.upper()]

    def reveal_org(self, org: str, *, store: str = "actions") -> dict[str, str]:
        """Return the decrypted values of an organization's secrets by name."""
        with self.lock:
            return _decrypted(self._organization(org).stores[store])

    def org_audience(self, org: str, name: str, *, store: str = "actions") -> tuple[str, list[str]]:
        """Return the visibility of an organization's secret, or with the store `variables` of its variable.

        With it the full names of the selected repositories, sorted.
        """
        with self.lock:
            organization = self._organization(org)
            key = name.upper()
            items = organization.variables.items if store == "variables" else organization.stores[store].secrets
            audience = items[key].audience or SharedWith("private")
            return audience.visibility, self._names_of(audience.selected)

    def set_variable(self, full_name: str, name: str, value: str, *, environment: str = "") -> None:
        """Write a variable of a repository or an environment."""
        with self.lock:
            variables = self._place(full_name, environment).variables
            _set(variables, name, value, self.clock.after(variables.latest))

    def delete_variable(self, full_name: str, name: str, *, environment: str = "") -> None:
        """Delete a variable of a repository or an environment."""
        with self.lock:
            del self._place(full_name, environment).variables.items[name.upper()]

    def variables(self, full_name: str, *, environment: str = "") -> dict[str, str]:
        """Return the variables of a repository or an environment by name."""
        with self.lock:
            return _values(self._place(full_name, environment).variables)

    def set_org_variable(
        self, org: str, name: str, value: str, *, visibility: str = "private", repos: list[str] | None = None
    ) -> None:
        """Write a variable of an organization."""
        with self.lock:
            organization = self._organization(org)
            audience = SharedWith(visibility, self._ids_of(organization, repos))
            variables = organization.variables
            _set(variables, name, value, self.clock.after(variables.latest), audience)

    def delete_org_variable(self, org: str, name: str) -> None:
        """Delete a variable of an organization."""
        with self.lock:
            del self._organization(org).variables.items[name.upper()]

    def org_variables(self, org: str) -> dict[str, str]:
        """Return the variables of an organization by name."""
        with self.lock:
            return _values(self._organization(org).variables)

    def _scope(self, full_name: str, store: str, environment: str) -> SecretScope:
        if environment and store != "actions":
            raise ValueError("an environment has the store actions only")
        return self._place(full_name, environment).stores[store]


def _decrypted(scope: SecretScope) -> dict[str, str]:
    return {name: secret.value.decode(errors="replace") for name, secret in sorted(scope.secrets.items())}


def _values(variables: Variables) -> dict[str, str]:
    return {variable.name: variable.value for variable in variables.listed()}


def _set(variables: Variables, name: str, value: str, at: int, audience: SharedWith | None = None) -> None:
    if name.upper() in variables.items:
        variables.update(name, value=value, at=at).audience = audience
    else:
        variables.create(name, value, at=at, audience=audience)
