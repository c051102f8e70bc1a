"""Steps that put variables into the environment of the later steps of their job, by $GITHUB_ENV or by an action."""

import re
from typing import Final

from flowforge.workflows.actions import VARIABLES
from flowforge.workflows.pins import read_uses
from flowforge.workflows.workflow import WorkflowStep

# Parts of the names of actions that load secrets from a manager, or an environment from a file.
_LOADERS: Final = re.compile(
    r"vault|secret|1password|doppler|infisical|bitwarden|akeyless|keeper|dotenv|load-env|set-env|import-env|env-file"
    r"|parameter-store|ssm|teller|chamber|sops|conjur|delinea|phase"
)
# Programs whose output may be any variables at all.
_PROGRAMS: Final = re.compile(
    r"\b(cat|jq|yq|env|printenv|sed|awk|grep|op|vault|aws|gcloud|az|doppler|infisical|sops)\b"
)


def hands_on(step: WorkflowStep) -> set[str]:
    """Return the variables of credentials that a script names where it writes into $GITHUB_ENV."""
    return {name for name in VARIABLES if name in step.run} if "GITHUB_ENV" in step.run else set()


def loads(step: WorkflowStep) -> bool:
    """Return whether a step may load variables whose names stand nowhere in the file."""
    if step.uses:
        uses = read_uses(step.uses)
        return uses is not None and bool(_LOADERS.search(uses.whole))
    return "GITHUB_ENV" in step.run and bool(_PROGRAMS.search(step.run))
