"""`flowforge init --owner`: the manifest of what an organization or a user has already."""

from flowforge import run
from flowforge.cli.request import plain
from flowforge.cli.signals import interruption
from flowforge.render.drafted_manifest import drafted


def drafted_text(owner: str, schema: str, *, setup_token: bool) -> str:
    """Return the text of the manifest. Raises AuditError and GitHubError."""
    with interruption() as interrupted:
        draft = run.draft_of_owner(plain((), stop=interrupted.stop), owner, setup_token=setup_token)
    return drafted(draft, schema)
