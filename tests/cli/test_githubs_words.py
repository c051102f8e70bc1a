"""What GitHub says when it refuses: its own sentence reaches people whole, and no advice but what it stands for."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from flowforge.sandbox import Fault, FaultKind, Level, Token, TokenKind
from flowforge.sandbox.rules.answers import ApiAnswer
from tests.rows import one_in

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

LIST = r"^GET /repos/acme/repo-001/actions/secrets\?"
PUT = "^PUT /repos/acme/repo-001/"
LIFETIME = (
    "The 'acme' organization forbids access via a fine-grained personal access tokens if the token's lifetime is "
    "greater than 366 days. Please adjust your token's lifetime at the following URL: "
    "https://github.com/settings/personal-access-tokens/1234567"
)
CLASSIC = (
    "`acme` forbids access via a personal access token (classic). Please use a GitHub App, OAuth App, or a personal "
    "access token with fine-grained permissions."
)
OAUTH = (
    "Although you appear to have the correct authorization credentials, the `acme` organization has enabled OAuth App "
    "access restrictions, meaning that data access to third-parties is limited. For more information on these "
    "restrictions, including how to enable this app, visit https://docs.github.com/articles/restricting-access/"
)
ADDRESS = (
    "Although you appear to have the correct authorization credentials, the `acme` organization has an IP allow list "
    "enabled, and your IP address is not permitted to access this resource."
)
SAML = (
    "Resource protected by organization SAML enforcement. You must grant your Personal Access token access to this "
    "organization."
)
NAMES = (
    "Secret names can only contain alphanumeric characters ([a-z], [A-Z], [0-9]) or underscores (_). Spaces are not "
    "allowed. Must start with a letter ([a-z], [A-Z]) or underscores (_)."
)
VERSION = "API version '2026-03-10' is not supported. See the documentation for the versions that are."
SLOW = (
    "You have exceeded a secondary rate limit. Please wait a few minutes before you try again. If you reach out to "
    "GitHub Support for help, please include the request ID 0A1B:2C3D."
)
SPENT = "API rate limit exceeded for user ID 1234. If you reach out to GitHub Support for help, please include it."
INACCESSIBLE = ("Resource not accessible by integration", "Resource not accessible by personal access token")
WAIT: Mapping[str, str] = {"retry-after": "1"}
TEXTS: tuple[tuple[int, str, Mapping[str, str]], ...] = (
    (400, "Problems parsing JSON", {}),
    (400, VERSION, {}),
    (401, "Bad credentials", {}),
    (401, "Requires authentication", {}),
    *((403, text, {}) for text in INACCESSIBLE),
    (403, "Must have admin rights to Repository.", {}),
    (403, "Repository was archived so is read-only.", {}),
    (403, SAML, {"x-github-sso": "required; url=https://github.com/orgs/acme/sso?authorization_request=A"}),
    (403, LIFETIME, {}),
    (403, CLASSIC, {}),
    (403, "This installation has been suspended", {}),
    (403, OAUTH, {}),
    (403, "Repository has been locked for migration.", {}),
    (403, "Sorry. Your account was suspended.", {}),
    (403, ADDRESS, {}),
    (403, "Maximum number of login attempts exceeded. Please try again later.", {}),
    (403, "A sentence that nobody has heard before.", {}),
    (403, SLOW, WAIT),
    (403, SLOW, {"retry-after": "3600"}),
    (403, SPENT, WAIT),
    (404, "Not Found", {}),
    (404, "Branch not found", {}),
    (409, "Git Repository is empty.", {}),
    (410, "Issues are disabled for this repo", {}),
    (422, NAMES, {}),
    (422, "Invalid request", {}),
    (422, "Validation Failed", {}),
    (429, SLOW, WAIT),
    (451, "Repository access blocked", {}),
)


@dataclass(slots=True)
class Says(Fault):
    """An answer of one status with one sentence. headers: what comes with it."""

    headers: Mapping[str, str] = field(default_factory=dict)

    def instead(self, pause: Callable[[float], None]) -> ApiAnswer | None:
        """Return an answer that says it."""
        del pause
        said = {
            "message": self.message,
            "documentation_url": "https://docs.github.com/rest",
            "status": str(self.status),
        }
        return ApiAnswer(self.status, said, dict(self.headers))


def _told(message: str, headers: Mapping[str, str], *, writes: bool) -> str:
    """Return the clause that has to be there: GitHub's own sentence, but for three that say less than we know."""
    if message in INACCESSIBLE and headers:
        return "no permission: GitHub accepts secrets=write"
    if message == "Not Found":
        return f"no permission: the token sees the repo but {'may not write' if writes else 'not'} its secrets"
    return f'"{message}"'


def _advised(text: str) -> bool:
    """Whether somebody is advised to give the token a permission."""
    return bool(re.search(r"fix: give the token .*permission", text))


@pytest.mark.parametrize(
    "text", one_in(3, ((text,) for text in TEXTS), ids=lambda row: f"{row[0][0]} {row[0][1][:40]}")
)
@pytest.mark.parametrize(
    ("match", "more"),
    [(LIST, {}), (LIST, {"x-accepted-github-permissions": "secrets=write"}), (PUT, {})],
    ids=["read", "read-accepted", "write"],
)
def test_githubs_own_sentence_is_told_whole(
    fleet: "Fleet", match: str, text: tuple[int, str, Mapping[str, str]], more: Mapping[str, str]
) -> None:
    """Whatever else comes with it. A permission is advised where one may be missing: by two sentences, and by a 404."""
    status, message, headers = text
    fleet.simple("acme/repo-001")
    says = Says(match, FaultKind.STATUS, 1000, status=status, message=message, headers={**headers, **more})
    fleet.sandbox.world.faults.add(says)
    done = fleet.flowforge("apply", "--yes")
    shown, told = done.out + done.err, _told(message, more, writes=match == PUT)
    ends_it = status == 401 or "login attempts" in message or headers.get("retry-after") == "3600"
    assert (1 if ends_it else 3, True, message in INACCESSIBLE or status == 404, {}) == (
        done.code,
        told in shown,
        _advised(shown),
        fleet.held()["acme/repo-001"],
    ), shown


def test_the_json_says_why(fleet: "Fleet") -> None:
    """A refusal that is about no permission has a word of its own, and its sentence is whole there too."""
    fleet.simple("acme/repo-001")
    fleet.sandbox.world.faults.add(Says(LIST, FaultKind.STATUS, 1000, status=403, message=LIFETIME))
    (line,) = json.loads(fleet.flowforge("plan", "--format", "json").out)["changes"]
    fix = "make the token as the organization asks, or use a GitHub App's token"
    assert ("refused", f'GitHub refuses it: "{LIFETIME}"', fix) == (line["why"], line["sentence"], line["fix"])


@pytest.mark.parametrize(("plan", "shown"), [("free", True), ("free", False), ("team", True)])
def test_an_organizations_codespaces_on_the_free_plan(fleet: "Fleet", plan: str, *, shown: bool) -> None:
    """An organization whose Actions secrets were just listed is never said not to be there."""
    world = fleet.sandbox.world
    world.set_plan("acme", plan)
    if not shown:
        world.add_token(fleet.sandbox.token, Token(permissions={"organization_plan": Level.NONE}))
    world.faults.add(Says("GET /orgs/acme/codespaces/secrets", FaultKind.STATUS, 1000, status=404, message="Not Found"))
    fleet.manifest(
        "version: 1\ncredentials:\n  k: {type: anthropic_api_key, from: {env: ACME_KEY}}\n"
        "targets:\n  - {name: Org, org: acme, visible_to: all, stores: [actions, codespaces], credential: k}\n"
    )
    done = fleet.flowforge("plan", "--format", "json")
    lines = {line["address"]: line for line in json.loads(done.out)["changes"]}
    line = lines["orgs/acme/codespaces/ANTHROPIC_API_KEY"]
    free = (
        "GitHub shows no codespaces secrets of this organization, which is on its Free plan",
        "take codespaces out of `stores`, or move the organization to a plan that has them",
    )
    permission = "read and write permission for organization codespaces secrets (classic: the scope admin:org)"
    other = (
        "no permission: the token sees the organization but not its codespaces secrets",
        f"give the token (FLOWFORGE_GITHUB_TOKEN) {permission}; not every plan and server has this store",
    )
    assert ("create", *(free if plan == "free" and shown else other)) == (
        lines["orgs/acme/actions/ANTHROPIC_API_KEY"]["action"],
        line["sentence"],
        line["fix"],
    )


def test_a_classic_token_is_not_advised_the_scope_that_it_has(fleet: "Fleet") -> None:
    """GitHub states the scopes of a classic token: what it has is not what is missing."""
    fleet.simple("acme/repo-001")
    fleet.sandbox.world.add_token(fleet.sandbox.token, Token(TokenKind.CLASSIC))
    fleet.sandbox.world.faults.add(Says(LIST, FaultKind.STATUS, 1000, status=404, message="Not Found"))
    (line,) = json.loads(fleet.flowforge("plan", "--format", "json").out)["changes"]
    assert (
        "no permission: the token sees the repo but not its secrets",
        "give the user whose token (FLOWFORGE_GITHUB_TOKEN) it is write access; the token has the scope repo",
    ) == (line["sentence"], line["fix"])
