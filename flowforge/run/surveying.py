"""The flow of `init --owner`: look at all that an owner has, and draft a manifest of it."""

from flowforge.github.permission_table import TO_AUDIT
from flowforge.plan.draft import DraftManifest
from flowforge.plan.facts import Unreadable
from flowforge.run.auditing import unlisted
from flowforge.run.request import Request
from flowforge.run.signed_in import signed_in_without_manifest
from flowforge.steps.audit.drafting import Drafter, OwnerFindings
from flowforge.steps.audit.fetch import Asking
from flowforge.steps.audit.fleet import KnownRepos, survey_fleet
from flowforge.steps.audit.owner import repos_of


def draft_of_owner(request: Request, owner: str, *, setup_token: bool) -> DraftManifest:
    """Return the draft of an organization's or a user's manifest. Raises AuditError FF701, and GitHubError.

    setup_token: whether it is to give one pasted token to every repo whose workflows run Claude.
    """
    with signed_in_without_manifest(request) as clients:
        clients.need(TO_AUDIT)
        listed = repos_of(clients, owner)
        if isinstance(listed, Unreadable):
            raise unlisted(owner, listed)
        asking = Asking(clients, request.jobs, request.stop, request.progress)
        found, lists = survey_fleet(
            asking, {each.repo for each in listed if not each.archived}, KnownRepos(thorough=True)
        )
    audits = {each.repo: each.audit for each in found if each.unreadable is None}
    unread = [f"{each.repo}: {each.unreadable.sentence}" for each in found if each.unreadable is not None]
    unread += [f"{each.repo}: {why}" for each in found for why in each.not_listed]
    drafter = Drafter(OwnerFindings(owner, audits, lists, tuple(unread)))
    return drafter.draft_of_token() if setup_token else drafter.draft()
