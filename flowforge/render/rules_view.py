"""Federation rules as JSON (schemas/rules.schema.json), and as text for whoever types them into the Console."""

import re
from collections.abc import Iterator
from typing import Final

from flowforge.errors import printable
from flowforge.plan.facts import Unreadable
from flowforge.plan.federation import (
    AUDIENCE,
    LEAST_SCOPE,
    FederationRule,
    FederationRules,
    TrustedOwner,
    TrustedRepo,
)
from flowforge.render.document import Document, JsonEntry, head
from flowforge.render.phrases import count
from flowforge.render.repo_list_view import unresolved_entry

# What is so of every such rule, and what is not established.
_SCOPE: Final = (
    f"{LEAST_SCOPE} is the least scope that is offered: the Messages and Models endpoints, and nothing else. Whether "
    "all of Claude Code works with it, and whether the Console offers it, is not established; the Admin API takes it. "
    "workspace:developer may do what an API key may."
)
_BY_IDS: Final = (
    "The rule goes by ids, which a rename keeps; a transfer to another owner changes the owner's. It admits every run "
    "of these repositories, those of pull requests too: to admit fewer, add to its condition, such as "
    '`claims.ref == "refs/heads/main"`.'
)
_NO_PREFIX: Final = (
    "Do not take a prefix such as `repo:OWNER/*` in its place: it admits every repository of that owner and the runs "
    "of pull requests from forks, and it never matches a subject with ids."
)
_LONG: Final = (
    "How many ids a condition may list is not established. Where it is refused, split the target: each credential has "
    "a rule of its own."
)
_SPELLING: Final = (
    "The name of an environment is compared letter by letter here. Whether a token has it as the workflow or as the "
    "environment spells it is not established: spell them alike."
)
_ENDINGS: Final = (
    "A subject ends in :ref:refs/heads/BRANCH, in :pull_request for a pull request's run, or in :environment:NAME for "
    "a job with an environment."
)


def rules_document(rules: FederationRules) -> Document:
    """Return the public JSON."""
    return {
        **head("rules", rules.host),
        "complete": rules.complete,
        "issuer": rules.issuer or None,
        "rules": [_rule(each) for each in rules.rules],
        "unresolved": [unresolved_entry(each) for each in rules.unresolved],
        "notes": [*_notes(rules)],
        "warnings": [printable(warning) for warning in rules.warnings],
    }


def _notes(rules: FederationRules) -> Iterator[str]:
    if rules.rules:
        yield from (_SCOPE, _BY_IDS, _NO_PREFIX)
    if any(each.match and each.match.condition for each in rules.rules):
        yield _LONG
    if any(repo.environments for each in rules.rules for repo in each.repos):
        yield _SPELLING


def _rule(rule: FederationRule) -> Document:
    account = rule.service_account_id
    # `issuer_id` is left out: only the Console and the Admin API know the id of GitHub's issuer there.
    body = {
        "name": re.sub(r"[^a-z0-9]+", "-", f"flowforge {rule.credential}".lower()).strip("-"),
        "match": _match(rule),
        "oauth_scope": LEAST_SCOPE,
        "target": {"type": "service_account", "service_account_id": account} if account else None,
        "workspace_id": rule.workspace_id or None,
    }
    return {
        "credential": printable(rule.credential),
        "federation_rule_id": printable(rule.rule_id),
        "organization_id": printable(rule.organization_id),
        "complete": rule.complete,
        "body": body if rule.match else None,
        "repos": [_repo(each) for each in rule.repos],
        "organizations": [_owner(each) for each in rule.owners],
    }


def _match(rule: FederationRule) -> Document | None:
    if rule.match is None:
        return None
    condition = {"condition": printable(rule.match.condition)} if rule.match.condition else {}
    claims = {claim: printable(value) for claim, value in rule.match.claims.items()}
    return {"audience": AUDIENCE, **({"claims": claims} if claims else {}), **condition}


def _repo(repo: TrustedRepo) -> Document:
    return {
        "repo": printable(str(repo.repo)),
        "repository_id": repo.id or None,
        "repository_owner_id": repo.owner_id or None,
        "environments": [printable(name) for name in repo.environments],
        "subject_prefix": printable(repo.prefix) or None,
        "subject_has_ids": repo.immutable,
        "subject_template": [printable(claim) for claim in repo.template],
        "subjects": {printable(kind): printable(subject) for kind, subject in repo.subjects.items()},
        "unreadable": _sentence(repo.unreadable),
    }


def _owner(owner: TrustedOwner) -> Document:
    return {
        "organization": printable(str(owner.owner)),
        "repository_owner_id": owner.id or None,
        "visibility": "private" if owner.private else "all",
        "unreadable": _sentence(owner.unreadable),
    }


def _sentence(unreadable: Unreadable | None) -> str | None:
    return printable(unreadable.sentence) if unreadable else None


def rules_lines(document: JsonEntry) -> Iterator[str]:
    """Yield each rule, field by field, with the subjects of its repos; then what is to be known of all of them."""
    for rule in document["rules"]:
        yield from _told(rule, document["issuer"])
        yield ""
    for entry in document["unresolved"]:
        yield f"! {entry['entry']} ({entry['where']})  its repositories are not known: {entry['sentence']}"
    if any(repo["subjects"] for rule in document["rules"] for repo in rule["repos"]):
        yield f"- {_ENDINGS}"
    yield from (f"- {note}" for note in document["notes"])
    if document["notes"]:
        yield ""
    yield _last(document)


def _told(rule: JsonEntry, issuer: str | None) -> Iterator[str]:
    trusted = count(len(rule["repos"]), "repository", "repositories") if rule["repos"] else ""
    whole = " and ".join(f"all of {each['organization']}" for each in rule["organizations"])
    yield f"Credential {rule['credential']}: one rule for {' and '.join(filter(None, (trusted, whole)))}"
    for name, value in _fields(rule, issuer) if rule["body"] else ():
        yield f"  {name:<11}{value}"
    yield ""
    names = [each["repo"] for each in rule["repos"]]
    for repo in rule["repos"]:
        yield f"{'!' if repo['unreadable'] else ' '} {repo['repo']:<{max(map(len, names))}}  {_subject(repo)}"
    for each in rule["organizations"]:
        unknown = f": {each['unreadable']}" if each["unreadable"] else ""
        yield f"{'! ' if unknown else '  '}{each['organization']}  every repository{_seen(each)}{unknown}"


def _fields(rule: JsonEntry, issuer: str | None) -> Iterator[tuple[str, str]]:
    body = rule["body"]
    yield "Rule", rule["federation_rule_id"]
    yield "Issuer", issuer or "see the warning"
    yield "Audience", body["match"]["audience"]
    for claim, value in body["match"].get("claims", {}).items():
        yield "Claim", f"{claim} = {value}"
    if "condition" in body["match"]:
        yield "Condition", body["match"]["condition"]
    yield "Scope", body["oauth_scope"]
    yield "Acts as", body["target"]["service_account_id"] if body["target"] else "a service account of your choice"
    yield "Workspace", body["workspace_id"] or "of your choice"


def _seen(organization: JsonEntry) -> str:
    return " but the public ones" if organization["visibility"] == "private" else ""


def _subject(repo: JsonEntry) -> str:
    if repo["unreadable"]:
        return f"not known: {repo['unreadable']}"
    within = f"  in {', '.join(repo['environments'])} alone" if repo["environments"] else ""
    if repo["subject_template"]:
        return f"id {repo['repository_id']}  subject by a template of {', '.join(repo['subject_template'])}{within}"
    prefix = repo["subject_prefix"]
    said = f"subject {prefix}:..." if prefix else "its subject is not known: the token may not read Actions"
    ids = "  with ids, so no rule by names matches it" if repo["subject_has_ids"] else ""
    return f"id {repo['repository_id']}  {said}{ids}{within}"


def _last(document: JsonEntry) -> str:
    if not document["rules"]:
        return "No target has a credential of type anthropic_workload_identity, so no rule is needed."
    number = len(document["rules"])
    if document["complete"]:
        return f"{count(number, 'rule')}, and nobody is left out."
    return f"{count(number, 'rule')}; not all repositories are known, so do not replace a rule by these."
