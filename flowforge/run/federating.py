"""The flow of `identity rules`: whom the federation rules of a manifest's workload identities must trust."""

from typing import Final

from flowforge.api_address import is_loopback
from flowforge.plan.federation import ISSUER, FederationRules
from flowforge.run.request import Request
from flowforge.run.task import Task
from flowforge.state.model import State
from flowforge.steps.federate import rules_of

_OTHER_HOST: Final = (
    "who signs the OIDC tokens of {host} is not established here: take the issuer from the documentation of that host"
)


def federation_rules(request: Request) -> FederationRules:
    """Return the rule that each workload identity of the manifest needs. Opens no source, and writes nothing."""
    task = Task.of(request)
    with task.signed_in() as clients:
        clients.need(task.to_read(State.fresh()))
        task = task.with_selected_repos(clients)
        rules = rules_of(task.places, clients, jobs=request.jobs, stop=request.stop, progress=request.progress)
    # The sandbox on loopback stands for github.com.
    known = task.host == "github.com" or is_loopback(task.host)
    warnings = (*task.manifest.warnings, *task.warnings, *(() if known else (_OTHER_HOST.format(host=task.host),)))
    return FederationRules(rules, ISSUER if known else "", task.unresolved, tuple(dict.fromkeys(warnings)), task.host)
