"""What can be done to organizations and users behind GitHub's API: plans, teams, properties, single sign-on."""

from flowforge.sandbox.world.base import Ground
from flowforge.sandbox.world.directory import LOGIN
from flowforge.sandbox.world.model import Property, Team

_PLANS = {"free", "pro", "team", "enterprise"}
_TYPES = {"string", "single_select", "multi_select", "true_false", "url"}


class OrganizationVerbs(Ground):
    """Verbs on owners, by login in any case. Thread-safe."""

    def create_user(self, login: str) -> None:
        """Create a user. Repositories that are created there later belong to a person, not to an organization."""
        with self.lock:
            self.directory.user(_checked(login))

    def create_org(self, login: str) -> None:
        """Create an organization without repositories."""
        with self.lock:
            self.directory.organization(_checked(login))

    def set_plan(self, owner: str, plan: str) -> None:
        """Set the plan of an owner: free, pro, team (the default) or enterprise."""
        if plan not in _PLANS:
            raise ValueError("plan is free, pro, team or enterprise")
        with self.lock:
            self._account(owner).plan = plan

    def require_sso(self, owner: str, *, required: bool = True) -> None:
        """Let an organization require single sign-on of classic tokens."""
        with self.lock:
            self._account(owner).sso = required

    def create_team(self, org: str, name: str, repos: list[str] | None = None) -> str:
        """Create a team with these repositories, named in full or within the organization, and return its slug."""
        slug = _slug(name)
        with self.lock:
            organization = self._organization(org)
            organization.teams[slug] = Team(self.directory.new_id(), name, slug, {*self._ids_of(organization, repos)})
        return slug

    def delete_team(self, org: str, slug: str) -> None:
        """Delete a team."""
        with self.lock:
            del self._organization(org).teams[slug]

    def set_team_repos(self, org: str, slug: str, repos: list[str]) -> None:
        """Replace the repositories of a team."""
        with self.lock:
            organization = self._organization(org)
            organization.teams[slug].repos = {*self._ids_of(organization, repos)}

    def define_property(
        self,
        org: str,
        name: str,
        *,
        value_type: str = "string",
        allowed: list[str] | None = None,
        default: str | None = None,
    ) -> None:
        """Let an organization define a custom property. value_type: as GitHub names them, like `single_select`."""
        if value_type not in _TYPES:
            raise ValueError("value_type is string, single_select, multi_select, true_false or url")
        with self.lock:
            self._organization(org).properties[name] = Property(name, value_type, tuple(allowed or ()), default)


def _checked(login: str) -> str:
    if not LOGIN.fullmatch(login):
        raise ValueError("an owner is named with letters, digits and single hyphens")
    return login


def _slug(name: str) -> str:
    """Return the slug of a team's name, as it stands in URLs."""
    return "-".join("".join(letter if letter.isalnum() or letter == "_" else " " for letter in name).split()).lower()
