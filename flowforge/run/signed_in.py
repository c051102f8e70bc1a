"""Sign in for a command that needs no manifest: by the manifest where there is one, else by the environment alone."""

from contextlib import AbstractContextManager
from pathlib import Path

from flowforge.errors import Where
from flowforge.github.clients import Clients
from flowforge.manifest.github_settings import GitHubSettings
from flowforge.run.request import Request
from flowforge.run.task import limits_of
from flowforge.sources import Context
from flowforge.steps.session import sign_in


def signed_in_without_manifest(request: Request) -> AbstractContextManager[Clients]:
    """Return the clients of a run whose token is looked for in the environment, to be entered."""
    context = Context(
        request.environ,
        Path.cwd(),
        interactive=request.interactive,
        stop=request.stop,
        notify=request.notify,
        hidden=request.hidden,
    )
    return sign_in(GitHubSettings("", Where("")), context=context, limits=limits_of(request))
