"""Variables of repositories, environments and organizations: their life, rules, pages and limits."""

from collections.abc import Callable

import httpx
import pytest

from flowforge.sandbox import Level, Sandbox, Token

AsToken = Callable[[Token], dict[str, str]]
REPO, ENVIRONMENT = "/repos/acme/repo-001/actions/variables", "/repos/acme/repo-001/environments/prod/variables"
ORG = "/orgs/acme/actions/variables"
NAME_RULE = (
    "Variable names can only contain alphanumeric characters ([a-z], [A-Z], [0-9]) or underscores (_). "
    "Spaces are not allowed. Must start with a letter ([a-z], [A-Z]) or underscores (_)."
)


@pytest.fixture(autouse=True)
def furnished(sandbox: Sandbox) -> None:
    """Return the first repository an environment."""
    sandbox.world.create_environment("acme/repo-001", "prod")


@pytest.mark.parametrize(("path", "more"), [(REPO, {}), (ENVIRONMENT, {}), (ORG, {"visibility": "all"})])
def test_life(sandbox: Sandbox, http: httpx.Client, path: str, more: dict[str, str]) -> None:
    """Created once, read in any case, changed and renamed, deleted once; its times move along."""
    created = [http.post(path, json={"name": "a", "value": "one", **more}) for _ in range(2)]
    first = http.get(f"{path}/a").json()
    sandbox.world.clock.advance(100)
    changed = [http.patch(f"{path}/A", json=body).status_code for body in ({}, {"value": "two"}, {"name": "b"})]
    listed = http.get(path).json()
    gone = [http.delete(f"{path}/b").status_code for _ in range(2)]
    assert [answer.status_code for answer in created] == [201, 409]
    assert (created[0].json(), created[1].json()["message"]) == ({}, "Already exists - Variable already exists")
    assert (
        first
        == {"name": "A", "value": "one", "created_at": first["created_at"], "updated_at": first["created_at"]} | more
    )
    assert (changed, gone, listed["total_count"]) == ([204] * 3, [204, 404], 1)
    last = listed["variables"][0]
    assert (last["name"], last["value"], last["created_at"]) == ("B", "two", first["created_at"])
    assert last["updated_at"] > first["updated_at"]
    assert [http.request(method, f"{path}/none", json={"value": "x"}).status_code for method in ("GET", "PATCH")] == [
        404,
        404,
    ]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"value": "x"}, 'Invalid request.\n\n"name" wasn\'t supplied.'),
        ({"name": "A"}, 'Invalid request.\n\n"value" wasn\'t supplied.'),
        ({"name": "A", "value": 1}, 'Invalid request.\n\n"value" wasn\'t supplied.'),
        ({"name": "A", "value": ""}, "The variable's value is empty."),
        ({"name": "A", "value": "x" * 48_001}, "The variable's value is too large: the limit is 48 KB."),
        ({"name": "GITHUB_A", "value": "x"}, "Variable names must not start with GITHUB_."),
        (
            {"name": "A-B", "value": "x"},
            NAME_RULE,
        ),
    ],
)
def test_refusals(sandbox: Sandbox, http: httpx.Client, body: dict[str, object], message: str) -> None:
    """What breaks a rule is 422, and nothing is stored."""
    answer = http.post(REPO, json=body)
    assert (answer.status_code, answer.json()["message"]) == (422, message)
    assert sandbox.world.variables("acme/repo-001") == {}


def test_renamed_onto_another(sandbox: Sandbox, http: httpx.Client) -> None:
    """A name that is taken is 409; a variable's own is not."""
    for name in "AB":
        sandbox.world.set_variable("acme/repo-001", name, name)
    statuses = [http.patch(f"{REPO}/A", json={"name": name}).status_code for name in ("b", "a")]
    assert (statuses, sandbox.world.variables("acme/repo-001")) == ([409, 204], {"A": "A", "B": "B"})


def test_largest(http: httpx.Client) -> None:
    """48,000 bytes are the most, counted in UTF-8."""
    statuses = [
        http.post(REPO, json={"name": f"A{size}", "value": "ä" * size}).status_code for size in (24_000, 24_001)
    ]
    assert statuses == [201, 422]


def test_pages(sandbox: Sandbox, http: httpx.Client) -> None:
    """A page has ten variables unless asked for more, and never more than thirty."""
    for number in range(35):
        sandbox.world.set_variable("acme/repo-001", f"V{number:02}", "x")
    answers = [http.get(REPO), http.get(f"{REPO}?per_page=100")]
    counts = [(answer.json()["total_count"], len(answer.json()["variables"])) for answer in answers]
    rest = http.get(answers[1].links["next"]["url"]).json()["variables"]
    assert (counts, [one["name"] for one in rest]) == ([(35, 10), (35, 30)], [f"V{number}" for number in range(30, 35)])


@pytest.mark.parametrize(("path", "environment", "most"), [(REPO, "", 500), (ENVIRONMENT, "prod", 100)])
def test_count_limit(sandbox: Sandbox, http: httpx.Client, path: str, environment: str, most: int) -> None:
    """A repository takes 500, an environment 100."""
    for number in range(most):
        sandbox.world.set_variable("acme/repo-001", f"V{number}", "x", environment=environment)
    answer = http.post(path, json={"name": "MORE", "value": "x"})
    assert (answer.status_code, f"has {most} variables already" in answer.json()["message"]) == (422, True)


def test_permissions(http: httpx.Client, as_token: AsToken) -> None:
    """The permission differs with the place, and a refusal names it."""
    header = as_token(Token(secrets=Level.NONE, permissions={"secrets": Level.WRITE}))
    answers = [http.get(path, headers=header) for path in (REPO, ENVIRONMENT, ORG)]
    assert [answer.headers["x-accepted-github-permissions"] for answer in answers] == [
        "actions_variables=read",
        "environments=read",
        "organization_actions_variables=read",
    ]


def test_of_the_organization(sandbox: Sandbox, http: httpx.Client) -> None:
    """A repository is told which of its organization's variables it sees, with their values."""
    world = sandbox.world
    world.set_org_variable("acme", "ALL", "1", visibility="all")
    world.set_org_variable("acme", "OURS", "2", visibility="selected", repos=["acme/repo-001"])
    world.set_org_variable("acme", "OTHERS", "3", visibility="selected", repos=["repo-002"])
    listed = http.get("/repos/acme/repo-001/actions/organization-variables").json()
    assert [(one["name"], one["value"], "visibility" in one) for one in listed["variables"]] == [
        ("ALL", "1", False),
        ("OURS", "2", False),
    ]


def test_world(sandbox: Sandbox) -> None:
    """Variables are written, read and deleted behind everybody's back, in every place."""
    world = sandbox.world
    for value in ("old", "new"):
        world.set_variable("acme/repo-001", "a", value)
        world.set_variable("acme/repo-001", "a", f"{value} too", environment="PROD")
        world.set_org_variable("acme", "a", f"{value} of all")
    assert world.variables("acme/repo-001") == {"A": "new"}
    assert world.variables("acme/repo-001", environment="prod") == {"A": "new too"}
    assert (world.org_variables("acme"), world.org_audience("acme", "a", store="variables")) == (
        {"A": "new of all"},
        ("private", []),
    )
    world.delete_variable("acme/repo-001", "A")
    world.delete_variable("acme/repo-001", "A", environment="prod")
    world.delete_org_variable("acme", "A")
    assert [world.variables("acme/repo-001"), world.org_variables("acme")] == [{}, {}]
