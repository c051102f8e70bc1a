"""The control surface over HTTP: every verb of the world, for who knows the sandbox's token, and clear refusals."""

from collections.abc import Callable

import httpx
import pytest

from flowforge.sandbox import Lag, Level, Sandbox, Token, TokenKind
from tests.app_keys import app_key, assertion, pem

Put = Callable[..., httpx.Response]
PATH = "/repos/acme/repo-001/actions/secrets"


def ask(http: httpx.Client, verb: str, /, **arguments: object) -> object:
    """Do a verb that must succeed, and give its result."""
    answer = http.post(f"/_sandbox/{verb}", json=arguments)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_repositories(sandbox: Sandbox, http: httpx.Client) -> None:
    """Repositories are created, renamed, archived, hidden, re-created and deleted as in process."""
    first = ask(http, "create_repo", full_name="acme/x", private=False, fork=True)
    ask(http, "rename_repo", full_name="acme/x", new_name="acme/y")
    ask(http, "archive_repo", full_name="acme/y")
    ask(http, "hide_repo", full_name="acme/repo-002")
    second = ask(http, "recreate_repo", full_name="acme/repo-003")
    ask(http, "delete_repo", full_name="acme/repo-001")
    ask(http, "create_user", login="me")
    assert ask(http, "create_repos", owner="me", count=2) == ["me/repo-001", "me/repo-002"]
    ask(http, "require_sso", owner="me")
    assert [
        (repo.id, repo.full_name, repo.private, repo.archived, repo.fork, repo.hidden)
        for repo in sandbox.world.directory
        if repo.owner.type == "Organization"
    ] == [
        (1000004, "acme/repo-002", True, False, False, True),
        (first, "acme/y", False, True, True, False),
        (second, "acme/repo-003", True, False, False, False),
    ]
    assert {repo.owner.sso for repo in sandbox.world.directory if repo.owner.type == "User"} == {True}


def test_secrets_and_keys(http: httpx.Client, put: Put) -> None:
    """Values are written, revealed and deleted behind FlowForge's back; keys are rotated and replaced."""
    put("acme/repo-001", "A", b"sealed")
    ask(http, "set_secret", full_name="acme/repo-001", name="b", value="behind")
    both = ask(http, "reveal", full_name="acme/repo-001")
    ask(http, "delete_secret", full_name="acme/repo-001", name="A")
    assert (both, ask(http, "reveal", full_name="acme/repo-001")) == ({"A": "sealed", "B": "behind"}, {"B": "behind"})
    keys = [http.get(f"{PATH}/public-key").json()]
    for verb, arguments in (("replace_key", {"full_name": "acme/repo-001"}), ("rotate_keys", {})):
        ask(http, verb, **arguments)
        keys.append(http.get(f"{PATH}/public-key").json())
    assert (len({key["key"] for key in keys}), [int(key["key_id"]) - int(keys[0]["key_id"]) for key in keys]) == (
        3,
        [0, 0, 1],
    )


def test_everything_else(sandbox: Sandbox, http: httpx.Client) -> None:
    """Stores, environments, variables, teams, topics, properties and plans are reached as in process."""
    repo, org = {"full_name": "acme/repo-001"}, {"org": "acme"}
    ask(http, "set_secret", **repo, name="a", value="1", store="agents")
    ask(http, "create_environment", **repo, name="prod", wait_timer=5)
    ask(http, "set_secret", **repo, name="a", value="2", environment="prod")
    ask(http, "set_variable", **repo, name="a", value="3")
    ask(http, "set_org_secret", **org, name="a", value="4", visibility="selected", repos=["repo-002"])
    ask(http, "set_org_variable", **org, name="a", value="5")
    ask(http, "define_property", **org, name="tier", value_type="multi_select", allowed=["x"])
    ask(http, "set_property", **repo, name="tier", value=["x"])
    ask(http, "set_topics", **repo, topics=["claude"])
    ask(http, "set_plan", owner="acme", plan="free")
    assert ask(http, "create_team", **org, name="Core", repos=["repo-001"]) == "core"
    assert [
        ask(http, "reveal", **repo, store="agents"),
        ask(http, "reveal", **repo, environment="prod"),
        ask(http, "environments", **repo),
        ask(http, "variables", **repo),
        ask(http, "reveal_org", **org),
        ask(http, "org_audience", **org, name="a"),
        ask(http, "org_variables", **org),
        ask(http, "properties", **repo),
    ] == [
        {"A": "1"},
        {"A": "2"},
        {"prod": 5},
        {"A": "3"},
        {"A": "4"},
        ["selected", ["acme/repo-002"]],
        {"A": "5"},
        {"tier": ["x"]},
    ]
    found = sandbox.world.directory["acme/repo-001"]
    assert (found.topics, found.owner.plan, found.owner.teams["core"].repos) == (("claude",), "free", {found.id})


def test_tokens(sandbox: Sandbox, http: httpx.Client) -> None:
    """Tokens of every kind are added with what they may do, and revoked."""
    ask(http, "add_token", text="one", kind="app", secrets="read", repos=["Acme/Repo-001"], expires=9, sso=True)
    ask(http, "add_token", text="two", kind="classic", login="x", scopes=["repo", "gist"], role="read")
    ask(http, "add_token", text="three", permissions={"dependabot_secrets": "none"}, name="of ada", owner="Acme")
    tokens = sandbox.world.tokens.tokens
    assert tokens["one"] == Token(
        TokenKind.APP, secrets=Level.READ, repos=frozenset({"acme/repo-001"}), expires=9, sso=True
    )
    assert tokens["two"] == Token(TokenKind.CLASSIC, login="x", scopes=("repo", "gist"), role="read")
    assert tokens["three"] == Token(permissions={"dependabot_secrets": Level.NONE}, name="of ada", owner="acme")
    ask(http, "revoke_token", text="one")
    assert "one" not in tokens


def test_apps(sandbox: Sandbox, http: httpx.Client) -> None:
    """Apps are registered, installed, suspended and taken away as in process; their tokens are listed and revoked."""
    made = ask(http, "create_app", slug="ci", key=pem(app_key()), permissions={"secrets": "read"}, owner="acme")
    app = sandbox.world.apps.app("ci")
    assert {"id": app.id, "client_id": app.client_id} == made
    assert ("acme", {"secrets": Level.READ, "metadata": Level.READ}) == (app.owner, app.permissions)
    number = ask(http, "install_app", slug="ci", owner="acme", repos=["repo-001"])
    header = {"authorization": f"Bearer {assertion(app.id, sandbox.world.clock.now())}"}
    assert 201 == http.post(f"/app/installations/{number}/access_tokens", headers=header).status_code
    found = ask(http, "minted_tokens")
    assert sandbox.world.minted_tokens() == found
    assert isinstance(number, int)
    ask(http, "suspend_app", slug="ci", owner="acme")
    assert sandbox.world.apps.installations[number].suspended is not None
    assert 1 == ask(http, "revoke_app_tokens", slug="ci", owner="acme")
    ask(http, "uninstall_app", slug="ci", owner="acme")
    assert {} == sandbox.world.apps.installations


def test_behaviour(sandbox: Sandbox, http: httpx.Client) -> None:
    """Settings and limits change one at a time, and keep what is not named."""
    ask(http, "settings", latency=0.001, lag_reads=2)
    ask(http, "settings", lag_seconds=3, late_stamp=1, per_page=2, token_life=60, usage_lag=300)
    ask(http, "settings", computed_etags=False, unchanged_links=False)
    ask(http, "limits", enabled=False, primary=7, points=8)
    ask(http, "limits", in_flight=9, status=429, tell_wait=False, per_repo=6)
    ask(http, "limits", content=True, content_minute=5, content_hour=4)
    settings, limits = sandbox.world.settings, sandbox.world.limits
    assert (settings.latency, settings.lag, settings.late_stamp, settings.per_page) == (0.001, Lag(2, 3), 1, 2)
    assert (settings.token_life, settings.usage_lag, limits.per_repo) == (60, 300, 6)
    assert (settings.computed_etags, settings.unchanged_links, settings.graphql) == (False, False, True)
    assert (limits.enabled, limits.primary, limits.points, limits.in_flight) == (False, 7, 8, 9)
    assert (limits.status, limits.tell_wait) == (429, False)
    assert (True, 5, 4) == (limits.content, limits.content_minute, limits.content_hour)
    before = sandbox.world.clock.now()
    ask(http, "advance", seconds=1000)
    assert 1000 <= sandbox.world.clock.now() - before < 1100


def test_faults(sandbox: Sandbox, http: httpx.Client) -> None:
    """Faults are added and cleared."""
    ask(http, "add_fault", match="GET /user", kind="status", status=503)
    ask(http, "add_fault", match="GET", kind="hang", seconds=99)
    unwell = http.get("/user").status_code
    ask(http, "clear_faults")
    assert (unwell, http.get("/user").status_code, sandbox.world.faults.waiting) == (503, 200, [])


def test_what_happens_after_a_page(sandbox: Sandbox, http: httpx.Client) -> None:
    """A fault may do any verb once a page is read, of whatever reading of the list."""
    path, gone = "/orgs/acme/repos?per_page=1", {"full_name": "acme/repo-001"}
    sandbox.world.create_repo("acme/other")
    ask(http, "add_fault", match="GET /orgs/acme/repos", kind="then", after=1, verb="delete_repo", arguments=gone)
    readings = [[repo["full_name"] for repo in http.get(path).json()] for _ in range(2)]
    left = [repo["full_name"] for repo in http.get("/orgs/acme/repos").json()]
    assert (readings, gone["full_name"] in left) == ([["acme/other"]] * 2, False)


def test_traffic(sandbox: Sandbox, http: httpx.Client, put: Put) -> None:
    """Requests are counted by route and logged by path, never with a body or a token; control is not counted."""
    put("acme/repo-001", "A")
    http.get(f"{PATH}?x={sandbox.token}")
    ours = {"by": "rehearsal", "mint": 0}
    assert ask(http, "stats") == {
        "requests": {
            "GET /repos/{owner}/{repo}/actions/secrets/public-key": 1,
            "PUT /repos/{owner}/{repo}/actions/secrets/{name}": 1,
            "GET /repos/{owner}/{repo}/actions/secrets": 1,
        },
        "statuses": {"200": 2, "201": 1},
        "points": 7,
        "refusals": {},
        "max_in_flight": 1,
    }
    assert ask(http, "log") == [
        {"method": "GET", "path": f"{PATH}/public-key", "status": 200, **ours},
        {"method": "PUT", "path": f"{PATH}/A", "status": 201, **ours},
        {"method": "GET", "path": f"{PATH}?x=github_pat_[redacted]", "status": 200, **ours},
    ]
    ask(http, "reset_stats")
    empty = {"requests": {}, "statuses": {}, "points": 0, "refusals": {}, "max_in_flight": 0}
    assert (ask(http, "stats"), ask(http, "log")) == (empty, [])


@pytest.mark.parametrize(
    ("verb", "body", "status", "message"),
    [
        ("reveal", b"{", 400, "Problems parsing JSON"),
        ("reveal", b"", 422, "missing a required argument: 'full_name'"),
        ("reveal", b'{"name": 1}', 422, "missing a required argument: 'full_name'"),
        ("reveal", b'{"full_name": 1}', 422, "full_name has the wrong type"),
        ("reveal", b'{"full_name": "acme/none"}', 404, "There is no acme/none."),
        ("create_repos", b'{"owner": "acme", "count": true}', 422, "count has the wrong type"),
        ("create_repo", b'{"full_name": "acme/repo-001"}', 422, "a repository has that name already"),
        ("limits", b'{"enabled": 1}', 422, "enabled has the wrong type"),
        ("add_token", b'{"text": "x", "repos": "acme/x"}', 422, "repos has the wrong type"),
        ("add_token", b'{"text": "x", "repos": [1]}', 422, "repos has the wrong type"),
        ("add_token", b'{"text": "x", "permissions": {"a": 1}}', 422, "permissions has the wrong type"),
        ("add_token", b'{"text": "x", "permissions": {"a": "all"}}', 422, "a is none, read or write"),
        ("set_topics", b'{"full_name": "acme/repo-001", "topics": "x"}', 422, "topics has the wrong type"),
        ("reveal", b'{"full_name": "acme/repo-001", "store": "x"}', 404, "There is no store x."),
        ("reveal", b'{"full_name": "acme/repo-001", "environment": "x"}', 404, "There is no environment x."),
        (
            "create_org",
            b'{"login": "a b"}',
            422,
            "an owner is named with letters, digits and single hyphens",
        ),
        ("set_plan", b'{"owner": "acme", "plan": "x"}', 422, "plan is free, pro, team or enterprise"),
        ("add_token", b'{"text": "x", "secrets": "all"}', 422, "secrets is none, read or write"),
        ("create_app", b'{"slug": "x", "key": "y"}', 422, "the key is not the PEM of an RSA key without a password"),
        ("install_app", b'{"slug": "x", "owner": "acme"}', 404, "There is no App x."),
        ("add_token", b'{"text": "x", "kind": "magic"}', 422, "'magic' is not a valid TokenKind"),
        ("add_fault", b'{"match": "", "kind": "magic"}', 422, "'magic' is not a valid FaultKind"),
        ("add_fault", b'{"match": "", "kind": "then"}', 422, "verb is not the name of one"),
        (
            "add_fault",
            b'{"match": "", "kind": "then", "verb": "delete_repo", "arguments": {"x": 1}}',
            422,
            "missing a required argument: 'full_name'",
        ),
        (
            "add_fault",
            b'{"match": "", "kind": "then", "verb": "delete_repo", "arguments": {"full_name": 1}}',
            422,
            "full_name has the wrong type",
        ),
    ],
)
def test_refusals(http: httpx.Client, verb: str, body: bytes, status: int, message: str) -> None:
    """A verb that is none, a body that is none, and arguments that do not fit are refused in a sentence."""
    answer = http.post(f"/_sandbox/{verb}", content=body)
    assert (answer.status_code, answer.json()["message"]) == (status, message)


@pytest.mark.parametrize("authorization", ["", "Bearer wrong", "token other", "Bearer ä"])
def test_needs_the_token(sandbox: Sandbox, http: httpx.Client, authorization: str) -> None:
    """Whoever does not know the sandbox's own token learns and changes nothing, not even with another good token."""
    sandbox.world.add_token("other", Token())
    header = {b"authorization": authorization.encode()}
    answer = httpx.post(f"{sandbox.url}/_sandbox/rotate_keys", headers=header)
    assert (answer.status_code, answer.json()["message"]) == (401, "The control surface needs the sandbox's own token.")
    assert http.get(f"{PATH}/public-key").json()["key_id"] == "3380204578043523366"


@pytest.mark.parametrize(("method", "verb"), [("GET", "stats"), ("POST", "none"), ("GET", "")])
def test_verbs_are_told(http: httpx.Client, method: str, verb: str) -> None:
    """Only POST of a known verb does anything; everything else is told the verbs."""
    answer = http.request(method, f"/_sandbox/{verb}")
    verbs = (
        "add_anthropic_key, add_comment, add_fault, add_run, add_token, advance, archive_repo, branches, "
        "clear_faults, close_issue, comments, create_app, create_environment, create_org, create_repo, "
        "create_repos, create_team, create_user, define_property, delete_branch, delete_environment, "
        "delete_file, delete_org_secret, delete_org_variable, delete_repo, delete_run, delete_secret, "
        "delete_team, delete_variable, disable_repo, edit_file, enable_issues, environments, hide_repo, "
        "history, install_app, issues, limits, lock_issue, log, minted_tokens, open_issue, open_pull, "
        "org_audience, org_variables, properties, protect_branch, push_pull, read_comment, read_file, recreate_repo, "
        "rename_repo, replace_key, require_sso, reset_stats, reveal, reveal_org, revoke_app_tokens, "
        "revoke_token, rotate_keys, set_anthropic_key, set_default_permissions, set_dispatched, "
        "set_immutable_subject, set_org_secret, set_org_variable, set_plan, set_property, set_secret, "
        "set_subject_template, set_team_repos, "
        "set_topics, set_variable, set_visibility, set_workflow_state, settings, stats, suspend_app, "
        "uninstall_app, use_anthropic_key, variables"
    )
    assert (answer.status_code, answer.json()["message"]) == (404, f"POST one of these: {verbs}.")
