"""Whether a job may fetch an OIDC token: `id-token: write`, by the blocks of the job, its workflow and its callers."""

from dataclasses import dataclass
from enum import Enum, auto

from flowforge.workflows.nodes import MapNode, Node, Scalar


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
class Permission:
    """What a job may, and the block that says so."""

    id_token: IdToken
    file: str = ""
    line: int = 0
    by: str = ""
    """Whose block it is: `job`, `workflow` or `caller`."""


def id_token(job: Node, workflow: Node) -> Permission:
    """Return what the block of a job says, else that of its workflow."""
    for node, whose in ((job, "job"), (workflow, "workflow")):
        block = node.get("permissions")
        if block is not None and not (isinstance(block, Scalar) and block.is_null):
            return Permission(_of(block), line=node.key_line("permissions"), by=whose)
    return Permission(IdToken.UNSET)


def _of(block: Node) -> IdToken:
    if isinstance(block, MapNode):
        value = block.get("id-token")
        if value is None:
            return IdToken.NONE
        return (
            IdToken.WRITE if value.text.strip() == "write" else IdToken.UNKNOWN if "${{" in value.text else IdToken.NONE
        )
    if "${{" in block.text:
        return IdToken.UNKNOWN
    return IdToken.WRITE if block.text.strip() == "write-all" else IdToken.NONE


def combined(caller: Permission, own: Permission, file: str) -> Permission:
    """Return what a job may whose caller may less: a callee never gets more than its caller has."""
    if caller.id_token in {IdToken.NONE, IdToken.UNKNOWN}:
        return Permission(caller.id_token, caller.file, caller.line, "caller")
    if own.id_token is IdToken.UNSET:
        return caller
    return Permission(own.id_token, file, own.line, own.by)
