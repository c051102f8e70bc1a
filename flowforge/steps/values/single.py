"""Read one value that the whole run depends on: the token, or the key of the state."""

from dataclasses import replace

from flowforge import sources
from flowforge.errors import SourceError
from flowforge.manifest.source_spec import SourceSpec
from flowforge.sources.base import Context
from flowforge.vault import SecretValue


def read_named(noun: str, source: SourceSpec, context: Context) -> SecretValue:
    """Return the value of a source. Raises SourceError: `the GitHub token is not available: …`."""
    try:
        return sources.read(source.options, replace(context, folder=source.folder))
    except SourceError as error:
        problem = error.problems[0]
        what = f"{noun} is not available: {problem.what}"
        raise type(error)(replace(problem, what=what, where=str(source.where))) from None
