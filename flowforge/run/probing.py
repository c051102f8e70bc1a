"""`flowforge doctor --probe`: what GitHub does with secrets of our own in a scratch repo."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from flowforge.github.clients import Clients
from flowforge.plan.address import Repo
from flowforge.plan.probing import ProbeReport, Scratch
from flowforge.run.request import Request
from flowforge.run.signed_in import signed_in_without_manifest
from flowforge.run.task import Task
from flowforge.steps.probe.walk import survey, walk


def probe(request: Request, repo: Repo, confirm: Callable[[Scratch], None]) -> ProbeReport:
    """Probe a repo, and return what was found out; whatever ends it early is in the report.

    Without manifests in the request, the token is looked for in the environment alone. confirm: raises where nobody
    agrees. Raises ManifestError, SourceError, GitHubError and DoctorError; nothing was written then.
    """
    with _signed_in(request) as clients:
        client = clients.of(repo.owner)
        scratch = survey(client, repo)
        confirm(scratch)
        return walk(client, scratch, request.stop)


def _signed_in(request: Request) -> AbstractContextManager[Clients]:
    if request.manifests:
        return Task.of(request).signed_in()
    return signed_in_without_manifest(request)
