"""The life of installations' tokens, what they reach and are counted under, and who asked what, by the log."""

from collections.abc import Callable
from typing import Final

import httpx
import pytest

from flowforge.sandbox import Fault, FaultKind, Level, Sandbox, Token, TokenKind
from flowforge.sandbox.rules.traffic import Logged
from flowforge.sandbox.world.stores import STORES
from tests.app_keys import app_key, assertion, pem

AsApp = Callable[[], dict[str, str]]
AsInstallation = Callable[..., dict[str, str]]
AsToken = Callable[[Token], dict[str, str]]
PATH: Final = "/repos/acme/repo-001/actions/secrets"
READS: Final = {"secrets": "read"}
GOOD: Final = (200, "")
BAD: Final = (401, "Bad credentials")
REFUSED: Final = (403, "Resource not accessible by integration")


def said(answer: httpx.Response) -> tuple[int, str]:
    """Return an answer's status and message."""
    return answer.status_code, answer.json().get("message", "") if answer.content else ""


def test_expiry(sandbox: Sandbox, http: httpx.Client, as_installation: AsInstallation) -> None:
    """A token is good for an hour of the sandbox's clock, and 401 from then on; a new one is good."""
    number = sandbox.world.install_app("ci", "acme")
    old = as_installation(number)
    sandbox.world.clock.advance(3000)
    late = said(http.get(PATH, headers=old))
    sandbox.world.clock.advance(600)
    new = as_installation(number)
    assert [GOOD, BAD, GOOD] == [late, said(http.get(PATH, headers=old)), said(http.get(PATH, headers=new))]


def test_shorter_lives(sandbox: Sandbox, http: httpx.Client, as_installation: AsInstallation) -> None:
    """A test may have tokens live shorter: `expires_at` says so, and they do."""
    sandbox.world.settings.token_life = 0
    header = as_installation(sandbox.world.install_app("ci", "acme"))
    assert BAD == said(http.get(PATH, headers=header))


def test_revoking(sandbox: Sandbox, http: httpx.Client, as_installation: AsInstallation) -> None:
    """A token revokes itself alone; behind the API all of one installation go, and no other's."""
    world = sandbox.world
    world.create_repo("zoo/lions")
    ours, theirs = world.install_app("ci", "acme"), world.install_app("ci", "zoo")
    first, second, other = as_installation(ours), as_installation(ours), as_installation(theirs)
    done = [said(http.delete("/installation/token", headers=first)) for _ in range(2)]
    assert ([(204, ""), BAD], GOOD) == (done, said(http.get(PATH, headers=second)))
    assert 1 == world.revoke_app_tokens("ci", "acme")
    zoo = "/repos/zoo/lions/actions/secrets"
    assert [BAD, GOOD] == [said(http.get(PATH, headers=second)), said(http.get(zoo, headers=other))]
    assert GOOD == said(http.get(PATH, headers=as_installation(ours)))
    assert (403, "Resource not accessible by personal access token") == said(http.delete("/installation/token"))


def test_revoked_in_the_middle(sandbox: Sandbox, http: httpx.Client, as_installation: AsInstallation) -> None:
    """A fault revokes an installation's tokens right after a request: the next one is 401."""
    world = sandbox.world
    header = as_installation(world.install_app("ci", "acme"))
    world.faults.add(Fault("GET", FaultKind.THEN, then=lambda: world.revoke_app_tokens("ci", "acme")))
    assert [GOOD, BAD] == [said(http.get(PATH, headers=header)) for _ in range(2)]


def test_refused_at_its_first_use(sandbox: Sandbox, http: httpx.Client, as_installation: AsInstallation) -> None:
    """A fault refuses one owner's repositories as GitHub refuses a token: fresh ones too, and other owners' not."""
    world = sandbox.world
    world.create_repo("zoo/lions")
    headers = [as_installation(world.install_app("ci", owner)) for owner in ("acme", "zoo")]
    world.faults.add(Fault(" /repos/acme/", FaultKind.STATUS, times=9, status=401, message="Bad credentials"))
    paths = (PATH, "/repos/zoo/lions/actions/secrets")
    assert [BAD, GOOD] == [said(http.get(path, headers=each)) for path, each in zip(paths, headers, strict=True)]


def test_suspended(sandbox: Sandbox, http: httpx.Client, as_installation: AsInstallation) -> None:
    """The tokens of a suspended installation get a 403 until that ends; those of an uninstalled one are no more."""
    header = as_installation(sandbox.world.install_app("ci", "acme"))
    seen = []
    for change in (True, False, None):
        if change is None:
            sandbox.world.uninstall_app("ci", "acme")
        else:
            sandbox.world.suspend_app("ci", "acme", suspended=change)
        seen += [said(http.get(PATH, headers=header))]
    assert [(403, "This installation has been suspended"), GOOD, BAD] == seen


def test_an_installation_that_loses(sandbox: Sandbox, http: httpx.Client, as_installation: AsInstallation) -> None:
    """What an installation loses its tokens lose at once; what it wins they do not win."""
    world, paths = sandbox.world, [f"/repos/acme/repo-00{number}/actions/secrets" for number in (1, 2)]
    header = as_installation(world.install_app("ci", "acme"), permissions=READS)

    def seen() -> list[int]:
        return [http.get(path, headers=header).status_code for path in paths]

    statuses = [seen()]
    changes: tuple[tuple[dict[str, str] | None, list[str] | None], ...] = (
        (None, ["repo-001"]),
        ({"contents": "read"}, None),
        ({"secrets": "write"}, None),
    )
    for permissions, repos in changes:
        world.install_app("ci", "acme", permissions=permissions, repos=repos)
        statuses += [seen()]
    assert [[200, 200], [200, 404], [403, 403], [200, 200]] == statuses
    assert REFUSED == said(http.delete(f"{PATH}/A", headers=header))


def test_an_owner_s_alone(
    sandbox: Sandbox, http: httpx.Client, as_token: AsToken, as_installation: AsInstallation
) -> None:
    """A token of one owner reads what is public elsewhere, and nothing that is private; its own organization alone."""
    world = sandbox.world
    world.create_repo("zoo/lions")
    world.create_repo("zoo/open", private=False)
    both = {"secrets": Level.READ, "organization_secrets": Level.READ}
    words = {name: level.word for name, level in both.items()}
    number = world.install_app("ci", "acme", permissions=words)
    headers = as_token(Token(secrets=Level.NONE, owner="acme", permissions=both)), as_installation(number)
    paths = (
        PATH,
        "/orgs/acme/actions/secrets",
        "/repos/zoo/open",
        "/repos/zoo/open/actions/secrets",
        "/repos/zoo/lions",
        "/orgs/zoo/actions/secrets",
    )
    statuses = [[http.get(path, headers=header).status_code for path in paths] for header in headers]
    assert [[200, 200, 200, 403, 404, 403]] * 2 == statuses


def test_a_renamed_repository(sandbox: Sandbox, http: httpx.Client, as_installation: AsInstallation) -> None:
    """A token keeps a repository that is renamed, and loses one that another owner takes over."""
    world = sandbox.world
    number = world.install_app("ci", "acme")
    header = as_installation(number, repositories=["repo-001", "repo-002"])
    world.rename_repo("acme/repo-001", "acme/new")
    world.rename_repo("acme/repo-002", "zoo/gone")
    names = [
        repo["full_name"] for repo in http.get("/installation/repositories", headers=header).json()["repositories"]
    ]
    assert (["acme/new"], 404) == (names, http.get("/repos/zoo/gone", headers=header).status_code)


def test_limits_of_each_installation(
    sandbox: Sandbox, http: httpx.Client, as_app: AsApp, as_installation: AsInstallation
) -> None:
    """Tokens of one installation share its limits; another installation, the App itself and people have their own."""
    world = sandbox.world
    world.create_repo("zoo/lions")
    ours, theirs = world.install_app("ci", "acme"), world.install_app("ci", "zoo")
    first, second, other = as_installation(ours), as_installation(ours), as_installation(theirs)
    world.limits.primary = 3
    headers = [first, second, first, second, other]
    answers = [http.get("/orgs/acme", headers=header) for header in headers]
    left = ["2", "1", "0", "0", "2"]
    assert ([200, 200, 200, 403, 200], left) == (
        [answer.status_code for answer in answers],
        [answer.headers["x-ratelimit-remaining"] for answer in answers],
    )
    assert f"API rate limit exceeded for installation ID {ours}." == answers[3].json()["message"]
    assert (403, f"API rate limit exceeded for app ID {world.apps.app('ci').id}.") == said(
        http.get("/app", headers=as_app())
    )
    assert GOOD == said(http.get("/user"))


def test_points_of_each_installation(sandbox: Sandbox, http: httpx.Client, as_installation: AsInstallation) -> None:
    """One installation's points a minute are none of another's."""
    world = sandbox.world
    world.create_repo("zoo/lions")
    ours, theirs = (as_installation(world.install_app("ci", owner)) for owner in ("acme", "zoo"))
    world.limits.points = 2
    assert [200, 200, 403, 200] == [
        http.get("/orgs/acme", headers=each).status_code for each in (ours, ours, ours, theirs)
    ]


@pytest.mark.parametrize(("repos", "limit"), [(3, "5000"), (20, "5000"), (22, "5100"), (200, "12500")])
def test_the_limit_grows(
    sandbox: Sandbox, http: httpx.Client, as_installation: AsInstallation, repos: int, limit: str
) -> None:
    """Fifty requests an hour more for each repository over twenty, up to 12,500, as GitHub has it."""
    sandbox.world.create_repos("big", repos)
    header = as_installation(sandbox.world.install_app("ci", "big"))
    assert limit == http.get("/orgs/big", headers=header).headers["x-ratelimit-limit"]


def test_who_asked(
    sandbox: Sandbox, http: httpx.Client, as_app: AsApp, as_token: AsToken, as_installation: AsInstallation
) -> None:
    """The log says whose token made each request, and which of an installation's; of an expired one too."""
    world = sandbox.world
    number = world.install_app("ci", "acme")
    first, second = as_installation(number), as_installation(number, permissions=READS)
    people = as_token(Token(name="of ada", owner="acme")), as_token(Token(TokenKind.CLASSIC, login="bob"))
    world.reset_stats()
    for header in (first, second, *people, {"authorization": "Bearer none"}):
        http.get(PATH, headers=header)
    http.get("/app", headers=as_app())
    http.get(PATH)
    world.clock.advance(3600)
    http.get(PATH, headers=second)
    assert [
        Logged("GET", PATH, 200, "ci@acme", 1),
        Logged("GET", PATH, 200, "ci@acme", 2),
        Logged("GET", PATH, 200, "of ada", 0),
        Logged("GET", PATH, 200, "bob", 0),
        Logged("GET", PATH, 401, "", 0),
        Logged("GET", "/app", 200, "ci", 0),
        Logged("GET", PATH, 200, "rehearsal", 0),
        Logged("GET", PATH, 401, "ci@acme", 2),
    ] == world.log()


def test_everything(sandbox: Sandbox, http: httpx.Client) -> None:
    """An App that names no permissions may do whatever the sandbox has, everywhere in its owner."""
    world = sandbox.world
    made = world.create_app("all", pem(app_key()))
    world.create_team("acme", "core", ["repo-001"])
    world.create_environment("acme/repo-001", "prod")
    bearer = {"authorization": f"Bearer {assertion(made['id'], world.clock.now())}"}
    answer = http.post(f"/app/installations/{world.install_app('all', 'acme')}/access_tokens", headers=bearer)
    header = {"authorization": f"Bearer {answer.json()['token']}"}
    stores = [f"{store}/secrets" for store in STORES] + ["actions/variables"]
    reads = [f"{scope}/{store}" for scope in ("/repos/acme/repo-001", "/orgs/acme") for store in stores]
    reads += ["/orgs/acme/teams/core", "/orgs/acme/properties/schema", "/repos/acme/repo-001/contents/README.md"]
    prod = "/repos/acme/repo-001/environments/prod"
    reads += [prod, f"{prod}/secrets", f"{prod}/variables"]
    assert dict.fromkeys(reads, 200) == {path: http.get(path, headers=header).status_code for path in reads}
    assert "plan" in http.get("/orgs/acme", headers=header).json()
    writes = [f"{path}/NONE" for path in reads if path.endswith(("secrets", "variables"))]
    assert dict.fromkeys(writes, 404) == {path: http.delete(path, headers=header).status_code for path in writes}
    assert (200, 204) == (
        http.put(f"{prod}-2", headers=header).status_code,
        http.delete(prod, headers=header).status_code,
    )
