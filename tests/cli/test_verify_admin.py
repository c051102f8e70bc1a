"""An Admin key, which is optional: what it tells of the keys in use, what goes wrong with it, and who sees it."""

import json

import pytest

from flowforge.sandbox import Fault, FaultKind
from tests.cli import verifying
from tests.cli.conftest import Fleet
from tests.cli.verifying import ADMIN, ORGANIZATION, admin_key, asked, known, serve, warned
from tests.made_up import letters
from tests.outgoing import record
from tests.sweep.seek import Seeker

LIST = "/v1/organizations/api_keys?limit=1000"
DAY = 86_400


@pytest.fixture(autouse=True)
def admin(fleet: Fleet) -> str:
    """Let the operator have an Admin key."""
    verifying.verifying(fleet)
    serve(fleet)
    value = admin_key()
    fleet.sandbox.world.add_anthropic_key(value, organization=ORGANIZATION)
    fleet.monkeypatch.setenv(ADMIN, value)
    return value


def test_what_it_tells(fleet: Fleet) -> None:
    """Expiry, creator and name of the key in use, from one list; the plan's JSON has the day that Anthropic says."""
    known(fleet, name="ci of reviews", expires=9.5 * DAY, creator="user_01A")
    done = fleet.flowforge("plan", "--verify", "--format", "json")
    (expiry,) = json.loads(done.out)["credentials"]
    said = 'credential ci-key: its key "ci of reviews", made by user_01A, expires on {}, in {} days'
    assert (0, ["/v1/models?limit=1 200", f"{LIST} 200"], [said.format(expiry["expires_at"], expiry["days_left"])]) == (
        done.code,
        asked(fleet),
        warned(done),
    )
    assert expiry["days_left"] in {9, 10}


def test_a_key_far_from_its_end_is_no_news(fleet: Fleet) -> None:
    """A key that is on and lasts is not mentioned."""
    known(fleet, expires=300.0 * DAY)
    assert [] == warned(fleet.flowforge("apply", "--yes"))


def test_it_is_in_nothing_that_is_left(fleet: Fleet, admin: str) -> None:
    """No state, journal, report or output has a part of it, and no other host ever sees it."""
    value = known(fleet)
    sent = record(fleet.sandbox)
    done = fleet.flowforge("apply", "--yes", "-v", "--report", "json=report.json", "--report", "html=report.html")
    seeker = Seeker.of([admin[len("sk-ant-admin01-") :]])
    kept = [path.read_bytes() for path in fleet.folder.rglob("*") if path.is_file()]
    assert [] == [form for data in (*kept, done.out.encode(), done.err.encode()) for form in seeker.find(data)]
    carried = {(each.host, each.target) for each in sent if list(seeker.find(each.data))}
    assert {("anthropic", LIST)} == carried
    assert {"GET"} == {each.method for each in sent if each.host == "anthropic"}
    assert {"ANTHROPIC_API_KEY": value} == fleet.held()["acme/repo-001"]


@pytest.mark.parametrize(
    ("kind", "what"),
    [
        ("api03", "this is an Anthropic API key (sk-ant-api03-…), and no Admin key"),
        ("oat01", "this is a Claude OAuth token (sk-ant-oat01-…), and no Admin key"),
        ("", "this is no Admin key"),
    ],
)
def test_another_key_in_its_place(fleet: Fleet, kind: str, what: str) -> None:
    """What is no Admin key ends the run before anything is sent or written."""
    known(fleet)
    fleet.monkeypatch.setenv(ADMIN, f"sk-ant-{kind}-{letters(95)}" if kind else letters(95))
    done = fleet.refused("apply", "--yes")
    assert (
        1,
        [],
        (
            f"error FF294: {ADMIN}: {what}\n  why: it was sent nowhere\n"
            f"  fix: unset {ADMIN}, or set it to a key that begins with sk-ant-admin01-\n"
        ),
    ) == (done.code, asked(fleet), done.err)


def ids(fleet: Fleet) -> dict[str, str | None]:
    """Return the id of the key in each repo, as `state list` tells it."""
    secrets = json.loads(fleet.flowforge("state", "list", "--format", "json").out)["secrets"]
    return {each["repo"]: each["api_key_id"] for each in secrets}


def test_which_key_was_written(fleet: Fleet) -> None:
    """The id of the key stands in the record of each write, in text and in JSON, until another key is written."""
    value = known(fleet)
    fleet.flowforge("apply", "--yes", "--limit", "acme/repo-001")
    key = fleet.sandbox.world.anthropic_keys[value].id
    assert {"acme/repo-001": key} == ids(fleet)
    assert f"    api_key_id: {key}" in fleet.flowforge("state", "show", "acme/repo-001").lines
    fleet.monkeypatch.delenv(ADMIN)
    fleet.flowforge("apply", "--yes")
    assert {"acme/repo-001": key, "acme/repo-002": None} == ids(fleet)
    known(fleet)
    fleet.flowforge("apply", "--yes")
    assert {"acme/repo-001": None, "acme/repo-002": None} == ids(fleet)


def test_the_same_key_again(fleet: Fleet, admin: str) -> None:
    """A repair without the Admin key keeps the id of the same value, and one with it tells the id at last."""
    value = known(fleet)
    key = fleet.sandbox.world.anthropic_keys[value].id
    for before, after in ((admin, ""), ("", admin)):
        fleet.monkeypatch.setenv(ADMIN, before)
        fleet.flowforge("apply", "--yes")
        fleet.later()
        fleet.sandbox.world.set_secret("acme/repo-001", "ANTHROPIC_API_KEY", "somebody else's")
        fleet.monkeypatch.setenv(ADMIN, after)
        fleet.flowforge("apply", "--yes")
        assert key == ids(fleet)["acme/repo-001"]


def test_a_key_that_is_not_certain_has_no_id(fleet: Fleet) -> None:
    """Not by elimination: neither of two keys with one hint, nor one that is off, as the key that works cannot be."""
    value = known(fleet)
    twin = f"{value[:16]}{letters(85)}{value[101:]}"
    fleet.sandbox.world.add_anthropic_key(twin, organization=ORGANIZATION, workspace=verifying.WORKSPACE)
    fleet.flowforge("apply", "--yes")
    assert {None} == {*ids(fleet).values()}
    value = known(fleet)
    other = f"{value[:16]}{letters(85)}{value[101:]}"
    fleet.sandbox.world.anthropic_keys[other] = fleet.sandbox.world.anthropic_keys.pop(value)
    fleet.sandbox.world.set_anthropic_key(other, "inactive")
    fleet.sandbox.world.add_anthropic_key(value, organization=ORGANIZATION.replace("1", "2"))
    fleet.flowforge("apply", "--yes", "--keep-going")
    assert {None} == {*ids(fleet).values()}


def test_it_is_no_credential(fleet: Fleet, admin: str) -> None:
    """An Admin key that a source gives is refused as a value, and is sent to nobody."""
    fleet.monkeypatch.setenv("ACME_KEY", admin)
    done = fleet.refused("apply", "--yes")
    assert (1, True, [f"{LIST} 200"]) == (done.code, "error FF215: " in done.err, asked(fleet))


def test_without_rights(fleet: Fleet) -> None:
    """One that may not read the keys is told of, and holds up nothing."""
    value = admin_key()
    fleet.sandbox.world.add_anthropic_key(value, organization=ORGANIZATION, rights=False)
    fleet.monkeypatch.setenv(ADMIN, value)
    known(fleet)
    done = fleet.flowforge("apply", "--yes")
    assert (0, [f"the Admin key of {ADMIN} told nothing (403 permission_error)"]) == (done.code, warned(done))


def test_an_unknown_one(fleet: Fleet) -> None:
    """A revoked one, likewise."""
    fleet.monkeypatch.setenv(ADMIN, admin_key())
    known(fleet)
    done = fleet.flowforge("apply", "--yes")
    assert (0, [f"the Admin key of {ADMIN} told nothing (401 authentication_error)"]) == (done.code, warned(done))


def test_of_another_organization(fleet: Fleet) -> None:
    """One that belongs to others knows nothing of the key, and both organizations are named."""
    other = ORGANIZATION.replace("1", "2")
    value = admin_key()
    fleet.sandbox.world.add_anthropic_key(value, organization=other)
    fleet.monkeypatch.setenv(ADMIN, value)
    known(fleet)
    done = fleet.flowforge("apply", "--yes")
    said = f"credential ci-key: its key is of organization {ORGANIZATION}, and the Admin key of {other}"
    assert (0, [said]) == (done.code, warned(done))


def test_two_keys_with_one_hint(fleet: Fleet) -> None:
    """Of two keys that look alike neither is taken for the one in use, and nothing is said of it."""
    value = known(fleet, expires=1.0 * DAY)
    twin = f"{value[:16]}{letters(85)}{value[101:]}"
    fleet.sandbox.world.add_anthropic_key(twin, organization=ORGANIZATION, workspace=verifying.WORKSPACE)
    done = fleet.flowforge("apply", "--yes")
    said = "credential ci-key: 2 keys of the organization have its hint, so nothing is known of its own"
    assert (0, [said]) == (done.code, warned(done))


def test_a_workspace_tells_them_apart(fleet: Fleet) -> None:
    """Where the models endpoint said the workspace of the key, one of another workspace is not meant."""
    value = known(fleet, expires=1.5 * DAY)
    twin = f"{value[:16]}{letters(85)}{value[101:]}"
    fleet.sandbox.world.add_anthropic_key(twin, organization=ORGANIZATION, workspace="wrkspc_other")
    (said,) = warned(fleet.flowforge("apply", "--yes"))
    assert said.startswith("credential ci-key: its key ")


def test_a_list_of_many_pages(fleet: Fleet) -> None:
    """It is read to its end; one that is cut short tells nothing."""
    fleet.sandbox.world.settings.per_page = 2
    for _ in range(5):
        fleet.sandbox.world.add_anthropic_key(f"sk-ant-api03-{letters(93)}AA", organization=ORGANIZATION)
    known(fleet, expires=1.5 * DAY)
    (said,) = warned(fleet.flowforge("plan", "--verify"))
    pages = [each for each in asked(fleet) if each.startswith("/v1/org")]
    fleet.sandbox.world.faults.add(Fault("after_id", FaultKind.STATUS, status=529))
    assert (3, True, [f"the Admin key of {ADMIN} told nothing (529 overloaded_error)"]) == (
        len(pages),
        said.startswith("credential ci-key: its key "),
        warned(fleet.flowforge("plan", "--verify")),
    )


def test_it_is_not_read_for_a_pull_request(fleet: Fleet) -> None:
    """An apply that a pull request began verifies its key as ever, and asks with no Admin key."""
    known(fleet)
    fleet.monkeypatch.setenv("CI", "true")
    fleet.monkeypatch.setenv("GITHUB_ACTIONS", "true")
    fleet.monkeypatch.setenv("GITHUB_EVENT_NAME", "pull_request")
    done = fleet.flowforge("apply", "--yes")
    assert (0, ["/v1/models?limit=1 200"]) == (done.code, asked(fleet))
