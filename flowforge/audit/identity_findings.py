"""Findings about workload identities, and about the OIDC token that they and the Claude App need."""

from collections.abc import Iterator
from dataclasses import replace

from flowforge.audit.case import Case, at_step
from flowforge.audit.claude_steps import ClaudeStep
from flowforge.audit.model import Finding
from flowforge.audit.way_findings import identity_parts, passed
from flowforge.workflows.actions import BASE, IDENTITY, MAIN, Slot
from flowforge.workflows.permissions import IdToken
from flowforge.workflows.sources import SourceKind

_WORDS = {Slot.RULE: "anthropic_federation_rule_id", Slot.ORGANIZATION: "anthropic_organization_id"}


def identity(case: Case) -> Iterator[Finding]:
    """Yield what is wrong with the workload identities that steps are given."""
    for step in case.steps:
        if step.cloud is True:
            continue
        yield from _incomplete(step)
        yield from _notes(step)
        yield from _subject(step, case)


def _incomplete(step: ClaudeStep) -> Iterator[Finding]:
    parts = identity_parts(step)
    given, lacking = Slot.RULE, Slot.ORGANIZATION
    if lacking in parts:
        given, lacking = lacking, given
    # What earlier steps hand on may be the other half.
    if given in parts and lacking not in parts and not step.static and step.reach.is_sure:
        # In a script the organization's id alone may serve another program; nothing shows that an identity is meant.
        if step.action is None and given is Slot.ORGANIZATION:
            return
        has, lacks = parts[given].name, _word(step, lacking)
        yield at_step(step, "identity-incomplete", has=has, lacking=lacks)


def _word(step: ClaudeStep, slot: Slot) -> str:
    return _WORDS[slot] if step.action else _WORDS[slot].upper()


def _notes(step: ClaudeStep) -> Iterator[Finding]:
    for given in (each for each in passed(step) if each.slot in IDENTITY):
        # `vars.ID || 'fdrl_…'` has two kinds: the variable can change it, so it is not written out.
        kinds = {each.kind for each in given.sources}
        if SourceKind.SECRET in kinds:
            yield at_step(step, "identity-as-secret", input=given.name)
        elif kinds == {SourceKind.LITERAL}:
            yield at_step(step, "identity-literal", input=given.name)


def _subject(step: ClaudeStep, case: Case) -> Iterator[Finding]:
    parts = identity_parts(step)
    # The answer of `…/actions/oidc/customization/sub`: true for repositories made, renamed or moved since
    # 2026-07-15. What is not known gives no finding.
    if case.facts.immutable_subject and Slot.RULE in parts and not step.static:
        yield at_step(step, "identity-subject")


def id_token(case: Case) -> Iterator[Finding]:
    """Yield `id-token-missing`: a block of permissions is there and lacks what the step needs."""
    for step in case.steps:
        reason = _reason(step)
        if not reason or not step.reach.is_sure:
            continue
        permission = step.occurrence.permission
        # Without a block the repository's default decides: silence, unless it is known to refuse. An action that nobody
        # calls here has the permissions of callers elsewhere.
        refused = permission.id_token is IdToken.UNSET and case.facts.default_permission == "read"
        if permission.id_token is IdToken.NONE or (refused and step.reach.runs):
            also = " and of its caller" if step.occurrence.is_joined else ""
            block = permission.by or "repository"
            found = at_step(step, "id-token-missing", block=block, reason=reason, also=also)
            # Where the block stands is where it is mended, as long as it stands in the file that is shown.
            here = permission.line and permission.file == found.file
            yield replace(found, line=permission.line, column=1) if here else found


def _reason(step: ClaudeStep) -> str:
    """Return why a step needs an OIDC token; empty if it needs none, or nobody can tell."""
    parts = identity_parts(step)
    # A key or a token goes first, so with one of them nothing is exchanged. `github_token` does not help here.
    by_identity = step.action in {MAIN, BASE} and Slot.RULE in parts and not step.static and step.cloud is False
    if by_identity:
        return "a workload identity is the job's OIDC token, exchanged: without the permission there is none"
    # Only the main action asks for the App's token (docs/setup.md), and an input that may be empty counts as given.
    if step.action is MAIN and not step.has_input("github_token"):
        return "without github_token the action asks for a token of the Claude App, by the job's OIDC token"
    return ""
