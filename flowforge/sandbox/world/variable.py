"""Variables of a repository, an environment or an organization: plain values, which the API shows."""

from dataclasses import field

from flowforge.data_class import dataclass
from flowforge.sandbox.rules.answers import DOCS, RefusalError, not_found
from flowforge.sandbox.world.scope import checked_name
from flowforge.sandbox.world.viewers import SharedWith

MAX_VALUE = 48_000  # bytes
_DOCS = f"{DOCS}/actions/variables"


@dataclass(slots=True)
class Variable:
    """One variable, its times in whole seconds. audience: who sees an organization's; None for any other."""

    name: str
    value: str
    created: int
    updated: int
    audience: SharedWith | None = None


@dataclass(slots=True)
class Variables:
    """Variables by upper-case name, at most `most` of them. Not thread-safe: the world's lock guards it."""

    most: int
    whose: str
    items: dict[str, Variable] = field(default_factory=dict)
    latest: int = 0
    """The time of the last write, also of a variable that is gone."""

    def __getitem__(self, name: str) -> Variable:
        """Return the variable of a name in any case. Raise 404 if there is none."""
        if name.upper() not in self.items:
            raise not_found()
        return self.items[name.upper()]

    def listed(self) -> list[Variable]:
        """Return all variables, sorted by name."""
        return [variable for _, variable in sorted(self.items.items())]

    def create(self, name: str, value: str, *, at: int, audience: SharedWith | None = None) -> None:
        """Create a variable. Raise 409 if the name is taken, and 422 if it breaks the rules."""
        name = self._free(name)
        if len(self.items) >= self.most:
            message = f"The {self.whose} has {self.most} variables already, which is the limit."
            raise _invalid(message)
        self.items[name] = Variable(name, _checked(value), at, at, audience)
        self.latest = max(self.latest, at)

    def update(self, name: str, *, new_name: str | None = None, value: str | None = None, at: int) -> Variable:
        """Change the name or value of a variable. Raise 404 if there is none, and 409 and 422 like `create`."""
        variable = self[name]
        renamed = variable.name if new_name is None or new_name.upper() == variable.name else self._free(new_name)
        variable.value = variable.value if value is None else _checked(value)
        variable.updated = at
        self.latest = max(self.latest, at)
        self.items[renamed] = self.items.pop(variable.name)
        variable.name = renamed
        return variable

    def delete(self, name: str) -> None:
        """Remove a variable. Raise 404 if there is none."""
        del self.items[self[name].name]

    def _free(self, name: str) -> str:
        name = checked_name(name, "Variable")
        if name in self.items:
            raise RefusalError(409, "Already exists - Variable already exists", docs=_DOCS)
        return name


def _checked(value: str) -> str:
    """Return a value that is neither empty nor too large. GitHub answers 422 to both; the wording is ours."""
    if not value:
        raise _invalid("The variable's value is empty.")
    if len(value.encode(errors="surrogatepass")) > MAX_VALUE:
        raise _invalid("The variable's value is too large: the limit is 48 KB.")
    return value


def _invalid(message: str) -> RefusalError:
    return RefusalError(422, message, docs=_DOCS)
