"""`flowforge doctor --probe`: what it finds out at each place, what it tells of that, and whom it asks."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from flowforge.plan.address import Store
from flowforge.resources import schema_text
from flowforge.sandbox import Fault, FaultKind, Level, Token, TokenKind
from flowforge.sandbox.world.scope import Lag
from tests.app_keys import app_key, pem
from tests.cli.probing import (
    ENVIRONMENT,
    PERMISSIONS,
    PROBE,
    READ,
    SCRATCH,
    SECRET,
    STORES,
    VARIABLE,
    as_token,
    document,
    held,
    make_scratch,
    only,
    steps,
)

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet


@pytest.fixture
def scratch(fleet: "Fleet") -> "Fleet":
    """Return the fleet with its scratch repo."""
    return make_scratch(fleet)


def test_all_places(scratch: "Fleet") -> None:
    """Each store, the variables, and both lists of an environment that is there: every step, and nothing stays."""
    scratch.sandbox.world.create_environment(SCRATCH, ENVIRONMENT)
    before = held(scratch)
    done = scratch.flowforge(*PROBE)
    expected = dict.fromkeys(STORES, SECRET) | {
        "variables": VARIABLE,
        "environment": SECRET,
        "environment_variables": VARIABLE,
    }
    found = document(done)
    assert (0, expected, before) == (done.code, steps(found), held(scratch))
    assert (True, False, [], []) == tuple(found[name] for name in ("complete", "interrupted", "left", "errors"))
    assert ("sandbox", "fine_grained", {"visibility": "private", "organization": True}) == tuple(
        found[name] for name in ("host", "token", "repo")
    )


def test_what_is_observed(scratch: "Fleet") -> None:
    """At one store: the ETag that is computed, what the 304 cost, the key, when each write was shown and as of when."""
    as_token(scratch, only("actions"))
    found = {one["step"]: one for one in document(scratch.flowforge(*PROBE))["places"][0]["operations"]}
    assert {"kind": "weak", "computed": True} == found["list"]["etag"]
    assert found["list"]["points"]["used"] == found["list_again"]["points"]["used"]
    assert ("core", 5000, "2026-03-10", 0) == (
        found["list"]["points"]["resource"],
        found["list"]["points"]["limit"],
        found["list"]["api_version"],
        found["list"]["other_headers"],
    )
    assert ("digits", 1, 1) == tuple(
        found["public_key"]["key"][name] for name in ("id_kind", "id_number", "key_number")
    )
    shown = {
        name: {key: one["shown"][key] for key in ("reads", "offset", "changed")}
        for name, one in found.items()
        if one["shown"]
    }
    assert {
        "create": {"reads": 1, "offset": 0, "changed": None},
        "rotate": {"reads": 1, "offset": 0, "changed": True},
        "rewrite": {"reads": 1, "offset": 0, "changed": True},
        "delete": {"reads": 1, "offset": None, "changed": None},
    } == shown


def test_a_key_that_is_replaced_meanwhile(scratch: "Fleet") -> None:
    """A new public key between the two readings is sealed with, and seen as another one."""
    as_token(scratch, only("actions"))
    world = scratch.sandbox.world
    world.faults.add(Fault("^PUT", FaultKind.THEN, after=1, then=lambda: world.replace_key(SCRATCH)))
    found = document(scratch.flowforge(*PROBE))
    keys = [one["key"]["key_number"] for one in found["places"][0]["operations"] if one["key"]]
    assert ([1, 2], SECRET) == (keys, steps(found)["actions"])


def test_a_write_that_moves_no_time(scratch: "Fleet") -> None:
    """Where the same value leaves `updated_at` as it was, that is told after five lists."""
    as_token(scratch, only("actions"))
    scope = scratch.sandbox.world.directory[SCRATCH].actions
    times: list[int] = []

    def freeze() -> None:
        (secret,) = (each for name, each in scope.secrets.items() if name != "THEIRS")
        times.append(secret.updated)
        secret.updated = times[:2][-1]

    scratch.sandbox.world.faults.add(Fault("^PUT", FaultKind.THEN, times=3, then=freeze))
    done = scratch.flowforge(*PROBE)
    found = {one["step"]: one["shown"] for one in document(done)["places"][0]["operations"]}
    expected = [(1, True), (5, False)]
    assert (0, expected) == (
        done.code,
        [(found[step]["reads"], found[step]["changed"]) for step in ("rotate", "rewrite")],
    )


def test_a_list_that_lags(scratch: "Fleet") -> None:
    """A list that shows a write late is read until it does, and the count is told, and how late `updated_at` is."""
    as_token(scratch, only("actions"))
    scratch.sandbox.world.settings.lag = Lag(reads=2)
    scratch.sandbox.world.settings.late_stamp = 1
    done = scratch.flowforge(*PROBE)
    shown = [one["shown"] for one in document(done)["places"][0]["operations"] if one["shown"]]
    assert (0, [3, 3, 3], [1, 1, 1]) == (
        done.code,
        [each["reads"] for each in shown[:3]],
        [each["offset"] for each in shown[:3]],
    )


def test_a_list_that_never_shows_it(scratch: "Fleet") -> None:
    """After five lists it is told that none showed it. No more is written, as nobody could tell the writes apart."""
    as_token(scratch, only("actions"))
    before = held(scratch)
    scratch.sandbox.world.settings.lag = Lag(reads=1000)
    done = scratch.flowforge(*PROBE)
    found = document(done)
    shown = [one["shown"] for one in found["places"][0]["operations"] if one["step"] == "create"]
    expected = [*READ, ("public_key", 200), ("create", 201), ("delete", 204)]
    assert (0, before, expected) == (done.code, held(scratch), steps(found)["actions"])
    assert [{"reads": 5, "lag": None, "offset": None, "changed": None}] == shown


def test_nobody_is_named(scratch: "Fleet") -> None:
    """No name, host, token or value is in the JSON, nor in its header names; and no value in what people are told."""
    world, seen = scratch.sandbox.world, dict[str, str]()
    world.create_environment(SCRATCH, ENVIRONMENT)

    def watch() -> None:
        for place in held(scratch).values():
            seen.update({value: name for name, value in place.items() if name.startswith("FLOWFORGE_PROBE_")})

    world.faults.add(Fault("^(PUT|POST|PATCH)", FaultKind.THEN, times=100, then=watch))
    done = scratch.flowforge(*PROBE)
    secret = (*seen, *seen.values(), scratch.sandbox.token, scratch.sandbox.token[20:])
    named = (*secret, "acme", "scratch", ENVIRONMENT, "rehearsal", "127.0.0.1", "localhost", "THEIRS")
    # Two values at each place: one to create, and one to rotate and to write again.
    assert (14, 7) == (len(seen), len(set(seen.values())))
    assert [] == [each for each in named if each.lower() in done.out.lower()]
    assert [] == [each for each in secret if each in done.err]


def test_the_schema_has_no_room_for_a_name() -> None:
    """Each text of the JSON is one of a few words, or of a form that its pattern bounds."""

    def texts(schema: Any) -> Iterator[Any]:  # noqa: ANN401 -- JSON
        if isinstance(schema, dict):
            if "string" in schema.get("type", ""):
                yield schema
            for each in schema.values():
                yield from texts(each)
        elif isinstance(schema, list):
            for each in schema:
                yield from texts(each)

    found = list(texts(json.loads(schema_text("probe"))))
    assert (True, []) == (bool(found), [each for each in found if "enum" not in each and "pattern" not in each])


def test_the_schema_has_all_places() -> None:
    """Each store has its place in the schema."""
    schema = json.loads(schema_text("probe"))
    expected = [*(store.value for store in Store), "environment", "environment_variables"]
    assert sorted(expected) == sorted(schema["$defs"]["place"]["properties"]["place"]["enum"])


def test_a_token_of_few_permissions(scratch: "Fleet") -> None:
    """What it lacks is told by its status, to read and to write; the others go on."""
    permissions = {PERMISSIONS["agents"]: Level.NONE, PERMISSIONS["dependabot"]: Level.READ}
    as_token(scratch, Token(secrets=Level.WRITE, permissions=permissions))
    before = held(scratch)
    done = scratch.flowforge(*PROBE)
    found = document(done)
    expected = {
        "actions": SECRET,
        "agents": [("list", 403)],
        "codespaces": SECRET,
        "dependabot": [*READ, ("public_key", 200), ("create", 403)],
        "variables": VARIABLE,
    }
    assert (0, True, expected, before) == (done.code, found["complete"], steps(found), held(scratch))
    assert "Not in these, which the token cannot read: agents\n" in done.err
    (refused,) = (each["operations"][0] for each in found["places"] if each["place"] == "agents")
    assert "x-accepted-github-permissions" in refused["headers"]


def test_a_token_that_reads_nothing(scratch: "Fleet") -> None:
    """Where no list can be read nothing is written, and the statuses are told."""
    as_token(scratch, Token(TokenKind.CLASSIC, scopes=("read:org", "public_repo")))
    scratch.sandbox.world.set_visibility(SCRATCH, "public")
    done = scratch.refused(*PROBE)
    assert (
        1,
        (
            "error FF603: the token can read no store, so there is nothing to probe\n"
            "  why: none of the lists of acme/scratch can be read: "
            "actions 404, agents 404, codespaces 404, dependabot 404, variables 404\n"
            "  fix: use a token that may read and write them; of a classic one, the scope repo\n"
        ),
    ) == (done.code, done.err)


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        (Token(TokenKind.CLASSIC, scopes=("repo",)), "classic"),
        (Token(TokenKind.FINE_GRAINED), "fine_grained"),
    ],
)
def test_the_kind_of_token(scratch: "Fleet", token: Token, expected: str) -> None:
    """A classic token is told from a fine-grained one."""
    as_token(scratch, token)
    done = scratch.flowforge(*PROBE)
    assert (0, expected) == (done.code, document(done)["token"])


def sign_in_as_app(scratch: "Fleet", permissions: dict[str, str] | None = None) -> None:
    """Install an App for the owner, and write a manifest that signs in as that."""
    made = scratch.sandbox.world.create_app("ci", pem(app_key()))
    scratch.sandbox.world.install_app("ci", "acme", permissions=permissions)
    (scratch.folder / "app.pem").write_text(pem(app_key()), "utf-8")
    scratch.manifest(
        "version: 1\n"
        f"github: {{auth: {{app: {{client_id: {made['client_id']}, private_key: {{file: app.pem}}}}}}}}\n"
        "credentials: {key: {type: anthropic_api_key, from: {env: ACME_KEY}}}\n"
        "targets: [{name: T, repos: [acme/repo-001], credential: key}]\n"
    )


def test_a_github_app(scratch: "Fleet") -> None:
    """The manifest says how to sign in; the App's token is for the scratch repo alone."""
    sign_in_as_app(scratch)
    before = held(scratch)
    done = scratch.flowforge(*PROBE)
    found = document(done)
    assert (0, "app", SECRET, before) == (done.code, found["token"], steps(found)["actions"], held(scratch))
    assert [["acme/scratch"]] == [each["repos"] for each in scratch.sandbox.world.minted_tokens()]


def test_an_app_of_few_permissions(scratch: "Fleet") -> None:
    """An App's token is asked for with what its installation has of the permissions, and no more."""
    sign_in_as_app(scratch, permissions={"metadata": "read", "secrets": "write", "actions_variables": "read"})
    found = document(scratch.flowforge(*PROBE))
    expected = {
        "actions": SECRET,
        "agents": [("list", 403)],
        "codespaces": [("list", 403)],
        "dependabot": [("list", 403)],
        "variables": [*READ, ("create", 403)],
    }
    assert ("app", expected) == (found["token"], steps(found))


def test_lists_of_several_pages(scratch: "Fleet") -> None:
    """What is created is found on whichever page it is."""
    as_token(scratch, only("actions", "variables"))
    for number in range(40):
        scratch.sandbox.world.set_variable(SCRATCH, f"A_{number}", "x")
    before = held(scratch)
    done = scratch.flowforge(*PROBE)
    assert (0, VARIABLE, before) == (done.code, steps(document(done))["variables"], held(scratch))


@pytest.mark.parametrize("place", [*STORES, "variables"])
def test_what_is_there_already_is_not_touched(scratch: "Fleet", place: str) -> None:
    """A secret of the probe's kind of name, at whichever place, is refused before anything is written."""
    name, world = "FLOWFORGE_PROBE_X", scratch.sandbox.world
    if place == "variables":
        world.set_variable(SCRATCH, name, "theirs")
    else:
        world.set_secret(SCRATCH, name, "theirs", store=place)
    before = held(scratch)
    done = scratch.refused(*PROBE)
    why = f"another probe is under way there, or one was killed; acme/scratch/{place}/{name}"
    assert (1, before, True) == (done.code, held(scratch), f"  why: {why}\n" in done.err)


def test_what_is_there_in_an_environment(scratch: "Fleet") -> None:
    """That of an environment, too, and no environment is made where there is none."""
    world = scratch.sandbox.world
    assert 0 == scratch.flowforge(*PROBE).code
    assert {} == world.environments(SCRATCH)
    world.create_environment(SCRATCH, ENVIRONMENT)
    world.set_variable(SCRATCH, "FLOWFORGE_PROBE_X", "theirs", environment=ENVIRONMENT)
    done = scratch.refused(*PROBE)
    assert (1, True) == (done.code, "variables/environments/our live system/FLOWFORGE_PROBE_X\n" in done.err)


def test_a_public_repo_is_told_and_asked(scratch: "Fleet") -> None:
    """A person reads what will be done, and that everybody sees it; only yes is yes."""
    scratch.sandbox.world.set_visibility(SCRATCH, "public")
    scratch.answers("y")
    done = scratch.refused(*PROBE[:-1])
    assert (
        1,
        (
            "warning: acme/scratch is public: everybody may see there that it is probed\n"
            "In acme/scratch a secret of a random value is created, written twice more and deleted in each of:\n"
            "  actions, agents, codespaces, dependabot, variables\n"
            "\n"
            "Probe acme/scratch? Only 'yes' is accepted.\n"
            "error FF013: doctor --probe was not approved\n"
            "  why: nothing was written\n"
            "  fix: answer yes, in full; --yes probes without asking\n"
        ),
    ) == (done.code, done.err)
    scratch.answers("yes")
    assert (0, "public") == ((done := scratch.flowforge(*PROBE[:-1])).code, document(done)["repo"]["visibility"])


REFUSED = {
    "nobody to ask": (
        ("doctor", "--probe", SCRATCH),
        "error FF008: doctor --probe cannot ask for approval\n  why: stdin is not a terminal\n  fix: say --yes\n",
    ),
    "no repo's name": (
        ("doctor", "--probe", "acme", "--yes"),
        "error FF003: --probe: not of the form owner/name\n  fix: see `flowforge doctor --help`\n",
    ),
    "not there": (
        ("doctor", "--probe", "acme/none", "--yes"),
        (
            "error FF324: acme/none: not found, or invisible to this token\n"
            "  fix: check its name, and that the token (FLOWFORGE_GITHUB_TOKEN) may see it\n"
        ),
    ),
    "a manifest that is not there": (
        (*PROBE, "-m", "none.yaml"),
        (
            "error FF101: none.yaml: there is no such manifest\n"
            "  fix: run `flowforge init -m none.yaml` to begin one, or name yours with -m\n"
        ),
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(scratch: "Fleet", case: str) -> None:
    """What cannot be done is told in one error, and nothing is written."""
    args, expected = REFUSED[case]
    done = scratch.refused(*args)
    assert (1, expected) == (done.code, done.err)


def test_an_archived_repo(scratch: "Fleet") -> None:
    """It is told before anything is tried."""
    scratch.sandbox.world.archive_repo(SCRATCH)
    done = scratch.refused(*PROBE)
    assert (
        1,
        (
            "error FF604: acme/scratch: the probe cannot use this repo\n"
            "  why: archived, so it is read-only\n"
            "  fix: name a scratch repo by the name that it has now, one that can be written to\n"
        ),
    ) == (done.code, done.err)
