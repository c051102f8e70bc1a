"""What Anthropic knows: keys by their text, and the refusals of its API in its body shape (docs: api/errors)."""

from dataclasses import field
from typing import Final

from flowforge.data_class import dataclass
from flowforge.sandbox.rules.answers import ApiAnswer

ADMIN_PREFIX: Final = "sk-ant-admin"
_KINDS: Final = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    529: "overloaded_error",
}
# Of the part after `sk-ant-api03-`: the documentation's example shows the first three characters and the last four.
_FIRST, _LAST = 3, 4


@dataclass(slots=True)
class SandboxKey:
    """A key of an organization at Anthropic."""

    id: str
    """`apikey_…`."""
    name: str
    """What people call it; the log has it in place of the key."""
    organization: str
    """A UUID."""
    workspace: str
    """`wrkspc_…`; empty for the default workspace."""
    hint: str
    """The beginning and the end of the key."""
    admin: bool = False
    """Whether it is an Admin key."""
    status: str = "active"
    """`active`, `inactive`, `archived` or `expired`."""
    expires: float | None = None
    """When it ends, in seconds since the epoch of the sandbox's clock."""
    creator: str = "user_sandbox"
    """Who made it; empty for a key that no person made."""
    created: int = 0
    """When it was made, in whole seconds."""
    rights: bool = True
    """Of an Admin key: whether its maker may still read the organization's keys."""
    uses: list[tuple[float, int]] = field(default_factory=list)
    """When it was used, in seconds since the epoch of the sandbox's clock, and for how many tokens."""

    def status_at(self, now: float) -> str:
        """Return its status at a time."""
        return "expired" if self.expires is not None and self.expires <= now else self.status


def hint_of(text: str) -> str:
    """Return what the Admin API shows of a key."""
    kind, dash, body = text.rpartition("03-")
    return f"{kind}{dash}{body[:_FIRST]}...{body[-_LAST:]}"


def refused(status: int, message: str, kind: str = "") -> ApiAnswer:
    """Return a refusal as Anthropic words it."""
    error = {"type": kind or _KINDS.get(status, "api_error"), "message": message}
    return ApiAnswer(status, {"type": "error", "error": error, "request_id": "req_sandbox"})
