"""The source `env`: a variable of this process's environment, taken as it is."""

from collections.abc import Sequence

from flowforge.errors import Problem, SourceError, printable
from flowforge.sources.base import Context, FilledSpec, ReadResult, ValueRequest, one_by_one, text_of
from flowforge.sources.decoding import decode
from flowforge.vault import SecretValue


class EnvSource:
    """`{env: NAME}`. Unset and set-but-empty are different mistakes, so they get different messages."""

    name = "env"

    def read_all(self, asks: Sequence[ValueRequest], context: Context) -> list[ReadResult]:
        """Read each as `read` does."""
        return one_by_one(self.read, asks, context)

    def read(self, spec: FilledSpec, context: Context) -> SecretValue:
        """Return the variable's value. Raises SourceError: FF221 unset, FF222 empty, FF223 not UTF-8."""
        found = _find(text_of(spec, self.name), context)
        if isinstance(found, Problem):
            raise SourceError(found)
        return found


def _find(variable: str, context: Context) -> SecretValue | Problem:
    origin = f"env {printable(variable)}"
    if variable not in context.environ:
        fix = "set it where flowforge runs; in a workflow, map the secret to it under the step's `env:`"
        return Problem("FF221", f"{origin} is unset", fix=fix)
    # `${{ secrets.NAME }}` is empty if the name is misspelt, and in runs from forks and of Dependabot, which get no
    # Actions secrets (docs.github.com, "Using secrets in GitHub Actions").
    if not context.environ[variable]:
        why = "a workflow sets an empty text for a secret that does not exist, or that the run may not see"
        fix = "check the name of the secret that fills it; runs from forks and of Dependabot see no Actions secrets"
        return Problem("FF222", f"{origin} is set but empty", why=why, fix=fix)
    return decode(origin, context.environ[variable])
