"""Findings about the way that a credential takes: one that is not read, none at all, two at once."""

from collections.abc import Iterator

from flowforge.audit.case import Case, at_step, state
from flowforge.audit.claude_steps import ClaudeStep, Given
from flowforge.audit.model import Finding, StoreNames
from flowforge.errors import printable, quote
from flowforge.workflows.actions import BASE, IDENTITY, MAIN, SECURITY, Slot
from flowforge.workflows.pins import written_version
from flowforge.workflows.repository import is_action

_BARE = "--bare"


def ways(case: Case) -> Iterator[Finding]:
    """Yield what is wrong with the ways of each step, taken alone."""
    for step in case.steps:
        if not step.reach.is_sure:
            continue
        # Of a fork it is not known what it reads.
        if step.action in {MAIN, BASE, SECURITY}:
            yield from _of_action(step)
        yield from _oauth(step)


def _of_action(step: ClaudeStep) -> Iterator[Finding]:
    late = [each for each in step.given if each.read is False and each.since and each.by_input and not each.is_empty]
    # One pin lacks them all, so one finding mends all.
    for given in late[:1]:
        since = written_version(given.since or (0, 0, 0))
        yield at_step(step, "inputs-unknown-to-pin", input=given.name, action=step.called, since=since)
    # A login's tokens have a finding of their own.
    if step.cloud is not False or step.may_get_key_by_settings or step.logins or _has_credential(step) or late:
        return
    unread = [each for each in step.given if each.read is False and not each.is_empty]
    if unread:
        if not _is_oauth_alone(step, unread):
            # The input first: it is what was written for this step.
            yield _not_read(step, min(unread, key=lambda each: (not each.by_input, each.line)))
    elif step.action is not SECURITY and not step.ways and not step.loading:
        yield _none(step)


def _none(step: ClaudeStep) -> Finding:
    """Return `no-credential`, with the name that its caller keeps back where that is why nothing arrives."""
    lacking = next((each.withheld for each in step.given if each.slot.is_static and each.withheld), "")
    if not lacking:
        remedy = "pass anthropic_api_key, claude_code_oauth_token, or the ids of a workload identity"
        return at_step(step, "no-credential", action=step.called, withheld="", remedy=remedy)
    # Secrets do not reach an action, so it can only take an input.
    as_input = lacking.startswith("inputs.") or is_action(step.occurrence.own.file)
    by = "an input" if as_input else "`secrets: inherit` or by its name"
    remedy = f"hand it on where this is called, by {by}"
    withheld = f": whoever calls does not hand on {quote(lacking)}"
    return at_step(step, "no-credential", action=step.called, withheld=withheld, remedy=remedy)


def _has_credential(step: ClaudeStep) -> bool:
    """Whether a key, a token or a part of an identity is read, or may be."""
    return bool(step.static or step.identity)


def _is_oauth_alone(step: ClaudeStep, unread: list[Given]) -> bool:
    return step.action is SECURITY and any(each.slot is Slot.OAUTH for each in unread)


def _not_read(step: ClaudeStep, given: Given) -> Finding:
    if given.by_input:
        reason, remedy = "it has no such input", f"pass {_own_input(step)} instead"
    elif given.since:
        since = written_version(given.since)
        reason = f"before {since} its empty input overwrites the variable"
        remedy = f"pass {_input_for(given)} by `with`, or pin {since} or later"
    # anthropics/claude-code-action#1294, open: gateways' tokens are passed as the key meanwhile.
    elif given.slot is Slot.AUTH_TOKEN:
        reason, remedy = "it takes such a token by no way", "pass it as anthropic_api_key by `with`"
    else:
        reason = "its own input overwrites the variable, with an empty text where it is not given"
        remedy = f"pass {_own_input(step) if step.action is SECURITY else _input_for(given)} by `with`"
    name = f"the input {quote(given.name)}" if given.by_input else f"{printable(given.name)} of the environment"
    texts = {"action": step.called, "input": name, "reason": reason, "remedy": remedy}
    return at_step(step, "credential-not-read", given, **texts)


def _own_input(step: ClaudeStep) -> str:
    return "claude-api-key" if step.action is SECURITY else "anthropic_api_key"


def _input_for(given: Given) -> str:
    return given.name.lower()


def _oauth(step: ClaudeStep) -> Iterator[Finding]:
    """Yield `oauth-not-accepted`: the one thing that is passed is a token, and nothing there takes one."""
    if step.cloud is not False:
        return
    if step.action is SECURITY:
        tokens = [each for each in step.given if each.slot is Slot.OAUTH and not each.is_empty]
        if tokens and not step.static:
            reason = "it knows the input claude-api-key alone"
            yield at_step(step, "oauth-not-accepted", action=step.called, reason=reason)
        return
    tokens = [each for each in step.static if each.slot is Slot.OAUTH]
    # With a key or an identity beside it `--bare` may have what it reads, and with settings.
    alone = len(step.static) == len(tokens) and not step.identity and not step.may_get_key_by_settings
    if tokens and alone and _is_bare(step):
        reason = "with --bare Claude Code never reads CLAUDE_CODE_OAUTH_TOKEN"
        yield at_step(step, "oauth-not-accepted", action=f"{step.called} --bare", reason=reason)


def _is_bare(step: ClaudeStep) -> bool:
    if step.action is None:
        # If one start of several can use the token, it is not passed in vain.
        return bool(step.script.runs) and all(_BARE in run.arguments for run in step.script.runs)
    return _BARE in step.input("claude_args")[0].split()


def together(case: Case) -> Iterator[Finding]:
    """Yield `both-set` and `identity-shadowed`: two ways that are passed at once, as far as both may be there."""
    for step in case.steps:
        if step.cloud is True:
            continue
        static = [each for each in step.static if _may_be(each, case.stores)]
        # Which of two wins matters only if both may be there, and not where an expression chooses if one of them is.
        if {Slot.API_KEY, Slot.OAUTH} <= {each.slot for each in static if not each.is_choice}:
            yield at_step(step, "both-set")
        rule = [each for each in passed(step) if each.slot is Slot.RULE]
        if static and rule and _may_be(rule[0], case.stores):
            yield at_step(step, "identity-shadowed", input=static[0].name)


def _may_be(given: Given, stores: StoreNames | None) -> bool:
    return state(given, stores, "actions") is not False


def identity_parts(step: ClaudeStep) -> dict[Slot, Given]:
    """Return the parts of a workload identity that a step reads."""
    return {each.slot: each for each in step.ways if each.slot in IDENTITY}


def passed(step: ClaudeStep) -> list[Given]:
    """Return what a step passes, an input too that only a later version has."""
    return [each for each in step.given if each.is_way or (each.by_input and each.since and not each.is_empty)]
