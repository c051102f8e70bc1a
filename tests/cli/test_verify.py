"""`verify: true`: a dead key blocks, one of another workspace blocks and names both, an Anthropic in trouble warns."""

import json

import pytest

from flowforge.sandbox import Fault, FaultKind
from tests.cli import verifying
from tests.cli.conftest import Fleet
from tests.cli.verifying import ORGANIZATION, WORKSPACE, asked, known, serve, warned
from tests.outgoing import record

MODELS = "/v1/models?limit=1"
UNTOLD = "credential ci-key: Anthropic did not say whether its key works ({}); it is not verified"


@pytest.fixture(autouse=True)
def anthropic(fleet: Fleet) -> str:
    """Let the sandbox be Anthropic too."""
    verifying.verifying(fleet)
    return serve(fleet)


def test_a_live_key_is_written_and_asked_about_once(fleet: Fleet) -> None:
    """One request with the key, for any number of repos; then nothing is to write, and nobody is asked."""
    value = known(fleet)
    first = fleet.flowforge("apply", "--yes")
    told = (first.code, asked(fleet), [line for line in first.err.splitlines() if "credential" in line])
    again = fleet.flowforge("apply", "--yes")
    assert (0, [f"{MODELS} 200"], ["credential ci-key: its key works"]) == told
    assert (0, []) == (again.code, asked(fleet))
    assert {"ANTHROPIC_API_KEY": value} == fleet.held()["acme/repo-001"]


@pytest.mark.parametrize(
    ("status", "said"), [("archived", "401 authentication_error"), ("inactive", "404 not_found_error")]
)
def test_a_dead_key_blocks_and_writes_nothing(fleet: Fleet, status: str, said: str) -> None:
    """A key that Anthropic does not know, or knows as switched off, ends apply with exit 1 before the first write."""
    fleet.sandbox.world.set_anthropic_key(known(fleet), status)
    done = fleet.refused("apply", "--yes")
    assert (1, [f"{MODELS} {said[:3]}"]) == (done.code, asked(fleet))
    assert done.err.endswith(
        f'error FF292: credential "ci-key": value not available: Anthropic says that the key is dead ({said}); '
        "nothing was written\n"
        "  why: it was revoked or switched off, has expired, or never was one\n"
        "  fix: create an API key at https://platform.claude.com/settings/keys, and let its source give that; "
        "--keep-going writes the secrets that need other values\n"
    )


def test_a_dead_key_holds_up_no_other(fleet: Fleet) -> None:
    """With --keep-going the rest is written: exit 3, and the place of the dead key is blocked."""
    good = fleet.set_key("OTHER_KEY")
    fleet.set_key()
    fleet.manifest(
        "version: 1\ncredentials:\n  ci-key: {type: anthropic_api_key, from: {env: ACME_KEY}, verify: true}\n"
        "  other: {type: anthropic_api_key, from: {env: OTHER_KEY}}\n"
        "targets:\n  - {name: A, repos: [acme/repo-001], credential: ci-key}\n"
        "  - {name: B, repos: [acme/repo-002], credential: other}\n"
    )
    done = fleet.flowforge("apply", "--yes", "--keep-going")
    held = fleet.held()
    assert (3, {}, {"ANTHROPIC_API_KEY": good}) == (done.code, held["acme/repo-001"], held["acme/repo-002"])


def test_a_key_of_another_workspace_blocks_and_names_both(fleet: Fleet) -> None:
    """Both ids are named, of the workspace and of the organization, and nothing is written."""
    other = ORGANIZATION.replace("1", "2")
    verifying.verifying(fleet, f"    expect_workspace: wrkspc_other\n    expect_organization: {other.upper()}\n")
    known(fleet)
    done = fleet.refused("apply", "--yes")
    (problem,) = [line for line in done.err.splitlines() if line.startswith("error FF293")]
    assert (
        1,
        (
            'error FF293: credential "ci-key": value not available: the key belongs to organization '
            f"{ORGANIZATION}, and expect_organization is {other}; the key belongs to workspace {WORKSPACE}, and "
            "expect_workspace is wrkspc_other; nothing was written"
        ),
    ) == (done.code, problem)


def test_the_expected_workspace_is_written(fleet: Fleet) -> None:
    """A key of the workspace and organization that are expected passes without a word, in whatever case they stand."""
    verifying.verifying(fleet, f"    expect_workspace: {WORKSPACE}\n    expect_organization: {ORGANIZATION.upper()}\n")
    known(fleet)
    done = fleet.flowforge("apply", "--yes")
    assert (0, []) == (done.code, warned(done))


def test_an_answer_without_a_workspace_warns(fleet: Fleet) -> None:
    """Where the header is missing nothing can be compared: that is said, and the key is written."""
    verifying.verifying(fleet, f"    expect_workspace: {WORKSPACE}\n")
    known(fleet, workspace="")
    done = fleet.flowforge("apply", "--yes")
    said = "credential ci-key: Anthropic did not say the workspace of its key, so expect_workspace was not compared"
    assert (0, [said]) == (done.code, warned(done))


@pytest.mark.parametrize(
    ("fault", "why", "tries"),
    [
        (Fault("", FaultKind.STATUS, 9, status=529), "529 overloaded_error", 3),
        (Fault("", FaultKind.STATUS, 9, status=500), "500 api_error", 3),
        (Fault("", FaultKind.STATUS, 9, status=502), "502 with a page, which is not Anthropic's", 3),
        (Fault("", FaultKind.STATUS, 9, status=429, retry_after=60), "429 rate_limit_error", 1),
        (Fault("", FaultKind.STATUS, 9, status=403), "403 permission_error", 1),
        (Fault("", FaultKind.PROXY, 9), "200 with a page, which is not Anthropic's", 1),
        (Fault("", FaultKind.TRUNCATED, 9), "200 without a list of models", 1),
        (Fault("", FaultKind.RESET_BEFORE, 9), "the connection broke", 1),
        (Fault("", FaultKind.HANG, 9, seconds=1), "no whole answer within 10 s", 1),
        (Fault("", FaultKind.SLOW_BODY, 9, seconds=1), "no whole answer within 10 s", 1),
    ],
    ids=lambda each: each if isinstance(each, str) else None,
)
def test_what_tells_nothing_of_the_key_warns_and_writes(fleet: Fleet, fault: Fault, why: str, tries: int) -> None:
    """An overloaded, slow or limiting Anthropic, and whatever answers in its place, never holds up a write."""
    fault.match = "GET /v1/models"
    fleet.monkeypatch.setenv("FLOWFORGE_DEADLINE_SCALE", "20")
    value = known(fleet)
    fleet.sandbox.world.faults.add(fault)
    done = fleet.flowforge("apply", "--yes")
    fleet.sandbox.settle()
    assert (0, [UNTOLD.format(why)], tries) == (done.code, warned(done), len(asked(fleet)))
    assert {"ANTHROPIC_API_KEY": value} == fleet.held()["acme/repo-002"]


def test_trouble_that_ends_is_waited_for(fleet: Fleet) -> None:
    """Two failures and then an answer: the key is verified after three seconds of pauses, and nothing is said."""
    known(fleet)
    fleet.sandbox.world.faults.add(Fault("GET /v1/models", FaultKind.STATUS, 2, status=529))
    done = fleet.flowforge("apply", "--yes")
    assert (0, [], [f"{MODELS} 529", f"{MODELS} 529", f"{MODELS} 200"]) == (done.code, warned(done), asked(fleet))


def test_nobody_there(fleet: Fleet) -> None:
    """Without anybody who listens the key is written unverified, and of many keys only the first few are tried."""
    fleet.monkeypatch.setenv("FLOWFORGE_ANTHROPIC_URL", "http://127.0.0.1:1")
    known(fleet)
    done = fleet.flowforge("apply", "--yes")
    assert (0, [UNTOLD.format("no connection")]) == (done.code, warned(done))


def test_many_keys_of_which_nobody_answers(fleet: Fleet) -> None:
    """After three keys without an answer the others are not asked about, so that a run is not held up for hours."""
    repos = fleet.sandbox.world.create_repos("beta", 20)
    for repo in repos:
        fleet.set_key(f"KEY_{repo[-3:]}")
    fleet.manifest(
        "version: 1\ncredentials:\n"
        + "".join(
            f"  k{repo[-3:]}: {{type: anthropic_api_key, from: {{env: KEY_{repo[-3:]}}}, verify: true}}\n"
            for repo in repos
        )
        + "targets:\n"
        + "".join(f"  - {{name: T{repo[-3:]}, repos: [{repo}], credential: k{repo[-3:]}}}\n" for repo in repos)
    )
    fleet.sandbox.world.faults.add(Fault("GET /v1/models", FaultKind.RESET_BEFORE, 1000))
    done = fleet.flowforge("apply", "--yes")
    # Four are under way when the third has failed.
    assert (0, 20, True) == (done.code, len(warned(done)), 3 <= len(asked(fleet)) <= 6)


def test_a_plan_asks_only_when_told(fleet: Fleet) -> None:
    """`plan` sends the key nowhere; with --verify the dead key blocks its lines, exit 3, and the JSON says why."""
    fleet.set_key()
    quiet = fleet.flowforge("plan")
    assert (0, []) == (quiet.code, asked(fleet))
    told = fleet.flowforge("plan", "--verify", "--format", "json")
    lines = json.loads(told.out)["changes"]
    said = "value not available: Anthropic says that the key is dead (401 authentication_error)"
    assert (3, [f"{MODELS} 401"], {("blocked", "value_unavailable", said)}) == (
        told.code,
        asked(fleet),
        {(line["action"], line["reason"], line["sentence"]) for line in lines},
    )


@pytest.mark.parametrize(
    ("environ", "why"),
    [
        ({"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "pull_request"}, "GITHUB_EVENT_NAME says so"),
        ({"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "pull_request_target"}, "GITHUB_EVENT_NAME says so"),
    ],
)
def test_a_plan_of_a_pull_request_asks_nobody(fleet: Fleet, environ: dict[str, str], why: str) -> None:
    """On a pull request --verify sends nothing, says so, and plans the rest as ever."""
    known(fleet)
    fleet.monkeypatch.setenv("CI", "true")
    fleet.monkeypatch.setenv(verifying.ADMIN, verifying.admin_key())
    for name, text in environ.items():
        fleet.monkeypatch.setenv(name, text)
    done = fleet.flowforge("plan", "--verify")
    said = f"--verify asks nobody here: {why}, and only a trusted event may send a key"
    assert (0, [said], []) == (done.code, warned(done), asked(fleet))


def test_the_request_is_exactly_that(fleet: Fleet) -> None:
    """A GET of one path with the key in x-api-key and the version: no body, no cookie, no Authorization."""
    value = known(fleet)
    sent = record(fleet.sandbox)
    fleet.flowforge("apply", "--yes")
    (one,) = [each for each in sent if each.host == "anthropic"]
    assert ("GET", MODELS, value, "2023-06-01", b"") == (
        one.method,
        one.target,
        one.headers.pop("x-api-key"),
        one.headers.pop("anthropic-version"),
        one.body,
    )
    assert {"host", "accept", "accept-encoding", "connection", "user-agent"} == one.headers.keys()
