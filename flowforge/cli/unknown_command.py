"""What is answered to the name of a command that there is not."""

import difflib
from collections.abc import Iterable, Mapping
from typing import Final

from flowforge.errors import Problem, UsageError, quote

# What people type who come from Terraform, Pulumi, Ansible or a script of their own.
_ELSEWHERE: Final[Mapping[str, str]] = {
    "diff": "say `flowforge plan`",
    "preview": "say `flowforge plan`",
    "check": "say `flowforge plan --detailed-exitcode`, or `flowforge validate` for the manifest alone",
    "push": "say `flowforge apply`",
    "up": "say `flowforge apply`",
    "sync": "say `flowforge apply`",
    "destroy": "name the secrets under `absent:` in the manifest, then say `flowforge apply`",
    "import": "name the secret in the manifest, then say `flowforge adopt`",
}


def unknown_command(name: str, commands: Iterable[str]) -> UsageError:
    """Return the error (FF001) that names the command that was meant."""
    near = difflib.get_close_matches(name, commands, n=1)
    hint = _ELSEWHERE.get(name) or (f"did you mean `flowforge {near[0]}`?" if near else "see `flowforge --help`")
    return UsageError(Problem("FF001", f"there is no command {quote(name)}", fix=hint))
