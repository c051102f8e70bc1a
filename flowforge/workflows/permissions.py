"""Whether a job may fetch an OIDC token: `id-token: write`, by the blocks of the job, its workflow and its callers."""

from enum import Enum, auto

from flowforge.data_class import dataclass
from flowforge.workflows.nodes import Scalar, YamlMapping, YamlNode


class IdToken(Enum):
    """What is said of `id-token`."""

    WRITE = auto()
    NONE = auto()
    """A block is there and lacks it."""
    UNSET = auto()
    """No block is there: the repository's default decides."""
    UNKNOWN = auto()
    """It is an expression."""


@dataclass(frozen=True, slots=True)
class TokenPermission:
    """What a job may, and the block that says so."""

    id_token: IdToken
    file: str = ""
    line: int = 0
    by: str = ""
    """Whose block it is: `job`, `workflow` or `caller`."""


def id_token(job: YamlNode, workflow: YamlNode) -> TokenPermission:
    """Return what the block of a job says, else that of its workflow."""
    for node, whose in ((job, "job"), (workflow, "workflow")):
        block = node.get("permissions")
        if block is not None and not (isinstance(block, Scalar) and block.is_null):
            return TokenPermission(_of(block), line=node.key_line("permissions"), by=whose)
    return TokenPermission(IdToken.UNSET)


def _of(block: YamlNode) -> IdToken:
    if isinstance(block, YamlMapping):
        value = block.get("id-token")
        # docs.github.com, `permissions`: what a block does not name gets none.
        if value is None:
            return IdToken.NONE
        return (
            IdToken.WRITE if value.text.strip() == "write" else IdToken.UNKNOWN if "${{" in value.text else IdToken.NONE
        )
    if "${{" in block.text:
        return IdToken.UNKNOWN
    # `id-token` knows write and none, so `read-all` gives nothing of it.
    return IdToken.WRITE if block.text.strip() == "write-all" else IdToken.NONE


def combined(caller: TokenPermission, own: TokenPermission, file: str) -> TokenPermission:
    """Return what a job may whose caller may less: a callee never gets more than its caller has."""
    # docs.github.com, "Reuse workflows": permissions are maintained or reduced along the calls, never raised.
    if caller.id_token in {IdToken.NONE, IdToken.UNKNOWN}:
        return TokenPermission(caller.id_token, caller.file, caller.line, "caller")
    if own.id_token is IdToken.UNSET:
        return caller
    return TokenPermission(own.id_token, file, own.line, own.by)
