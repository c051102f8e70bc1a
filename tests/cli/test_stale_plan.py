"""Stale plans: for each thing that a plan stands on, it is moved, and the refusal names it."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from flowforge.manifest.plugins import installed_sources
from flowforge.plan.address import Address, Repo, Scope
from flowforge.state.codec import encode
from flowforge.state.file import StateFile
from flowforge.vault import SecretValue

if TYPE_CHECKING:
    from tests.cli.conftest import Done, Fleet
    from tests.conftest import FakeOp

FIX = "  fix: make a new plan with `flowforge plan --out FILE`, and have that approved\n"
CODES = {"the manifest": "FF025", "a value": "FF026", "GitHub": "FF027", "the state": "FF028"}
ONE = "acme/repo-001/actions/ANTHROPIC_API_KEY"
KEY = "ANTHROPIC_API_KEY"
Move = Callable[["Fleet"], object]


def moved(thing: str, why: str, options: str = "") -> str:
    """Return the refusal that names one thing. options: those that chose the lines of the plan."""
    fix = FIX.replace("flowforge plan", f"flowforge plan {options}".rstrip())
    return (
        f"error {CODES[thing]}: {thing} has changed since the plan was saved; nothing was written\n  why: {why}\n{fix}"
    )


def stale(fleet: "Fleet", move: Move, *options: str) -> "Done":
    """Save a plan, move something, and apply: it is refused, and nothing is written. A plan made then is applied."""
    assert fleet.flowforge("plan", "--out", "p.json", *options).code in {0, 3}
    fleet.later()
    move(fleet)
    done = fleet.refused("apply", "p.json", "-q")
    assert (1, "") == (done.code, done.out)
    return done


def target(fleet: "Fleet", body: str, *, credential: str = "{env: ACME_KEY}", more: str = "") -> None:
    """Write a manifest with one target of one repo."""
    fleet.manifest(
        f"version: 1\ncredentials:\n  ci-key: {{type: anthropic_api_key, from: {credential}}}\n"
        "  other: {type: anthropic_api_key, from: {env: ACME_KEY}}\n"
        f"targets:\n  - {{name: All, {body}}}\n{more}"
    )


def _says(body: str, more: str = "") -> Move:
    return lambda fleet: target(fleet, body, more=more)


ALL = "repos: [acme/repo-001], credential: ci-key"
MANIFEST: dict[str, tuple[Move, str]] = {
    "another credential": (
        _says("repos: [acme/repo-001], credential: other"),
        f"{ONE}: credential is other, in the plan ci-key",
    ),
    "one repo more": (
        _says("repos: [acme/repo-001, acme/repo-002], credential: ci-key"),
        "acme/repo-002/actions/ANTHROPIC_API_KEY is named now",
    ),
    "another repo": (
        _says("repos: [acme/repo-002], credential: ci-key"),
        f"{ONE} is no longer named; acme/repo-002/actions/ANTHROPIC_API_KEY is named now",
    ),
    "another policy": (
        _says(ALL, "defaults: {on_drift: report}\n"),
        f"{ONE}: on_drift is report, in the plan overwrite",
    ),
    "another name": (
        _says(f"{ALL}, secret: OTHER_KEY"),
        f"{ONE} is no longer named; acme/repo-001/actions/OTHER_KEY is named now",
    ),
    "to be absent": (
        _says(
            "repos: [acme/repo-002], credential: ci-key",
            "absent: [{name: gone, repos: [acme/repo-001], secret: ANTHROPIC_API_KEY}]\n",
        ),
        f"{ONE} is to be absent, in the plan to be present; acme/repo-002/actions/ANTHROPIC_API_KEY is named now",
    ),
}


@pytest.mark.parametrize("case", MANIFEST)
def test_the_manifest(fleet: "Fleet", case: str) -> None:
    """A line of the manifest that says something else now is named, and what it says."""
    target(fleet, ALL)
    move, why = MANIFEST[case]
    assert moved("the manifest", why) == stale(fleet, move).err


def test_what_has_no_meaning_moves_nothing(fleet: "Fleet") -> None:
    """A comment, another order, another name of a target and another case of a repo leave the plan as it is."""
    target(fleet, "repos: [acme/repo-001, acme/repo-002], credential: ci-key")
    fleet.flowforge("plan", "--out", "p.json")
    target(fleet, "tags: [new], credential: ci-key, repos: [Acme/Repo-002, acme/REPO-001]", more="# more\n")
    manifest = fleet.folder / "flowforge.yaml"
    manifest.write_text("# A comment\n\n" + manifest.read_text().replace("name: All", "name: Both"))
    assert 0 == fleet.flowforge("apply", "p.json").code


def test_another_manifest(fleet: "Fleet") -> None:
    """A plan of another set of files is refused before GitHub is asked for anything."""
    fleet.flowforge("plan", "--out", "p.json")
    (fleet.folder / "more.yaml").write_text("version: 1\n")
    fleet.requests()
    done = fleet.refused("apply", "p.json", "-m", "flowforge.yaml", "-m", "more.yaml")
    assert (
        "error FF030: the saved plan was made from other manifests\n"
        '  why: it was made from "flowforge.yaml"; these are "flowforge.yaml", "more.yaml"\n'
        "  fix: name the same manifests with -m\n"
    ) == done.err
    assert {} == fleet.requests()


def _env(fleet: "Fleet") -> None:
    fleet.set_key()


def _unset(fleet: "Fleet") -> None:
    fleet.monkeypatch.delenv("ACME_KEY")


def _file(fleet: "Fleet") -> None:
    (fleet.folder / "key.txt").write_text(fleet.set_key("SPARE_KEY"))


VALUES: dict[str, tuple[str, Move, str]] = {
    "env": ("{env: ACME_KEY}", _env, "another value"),
    "env, unset": ("{env: ACME_KEY}", _unset, "no value"),
    "env, unset before": (
        "{env: SPARE_KEY}",
        lambda fleet: fleet.set_key("SPARE_KEY"),
        "a value now, and had none in the plan",
    ),
    "file": ("{file: key.txt}", _file, "another value"),
    "command": ("{command: [cat, key.txt]}", _file, "another value"),
}


@pytest.mark.parametrize("source", VALUES)
def test_a_value(fleet: "Fleet", source: str) -> None:
    """A value that a source gives otherwise, or no longer, or only now, is named by its credential; never shown."""
    written, move, what = VALUES[source]
    _file(fleet)
    fleet.monkeypatch.delenv("SPARE_KEY")
    target(fleet, ALL, credential=written)
    assert moved("a value", f"the credential ci-key of {ONE} has {what}") == stale(fleet, move).err


def test_a_value_in_1password(fleet: "Fleet", op: "FakeOp") -> None:
    """A value of 1Password that was rotated meanwhile is named as any other."""
    for name, text in op.environ.items():
        fleet.monkeypatch.setenv(name, text)
    op.holds(fleet.set_key("SPARE_KEY"), "op://CI/Claude/credential")
    target(fleet, ALL, credential='{onepassword: "op://CI/Claude/credential"}')

    def rotate(_: "Fleet") -> None:
        op.holds(fleet.set_key("SPARE_KEY"), "op://CI/Claude/credential")

    assert moved("a value", f"the credential ci-key of {ONE} has another value") == stale(fleet, rotate).err


class Person:
    """Sits at the terminal, and pastes one text whenever they are asked; Enter alone where it is empty."""

    def __init__(self, fleet: "Fleet", monkeypatch: pytest.MonkeyPatch) -> None:
        """Sit down."""
        self.text, self.asked = fleet.set_key("SPARE_KEY"), 0
        monkeypatch.delenv("CI", raising=False)
        fleet.answers("", sees=True)
        fleet.parts["hidden"] = lambda _: nullcontext(self)

    def say(self, _: str) -> None:
        """Read what the terminal shows."""

    def ask(self, _: str) -> SecretValue | None:
        """Paste."""
        self.asked += 1
        return SecretValue(self.text) if self.text else None


@pytest.mark.parametrize("what", ["another value", "no value", "no value, as nobody can be asked"])
def test_a_pasted_value(fleet: "Fleet", monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    """A person who pastes another value, leaves it, or is not there at apply: named; the same one pasted is applied."""
    target(fleet, ALL, credential="{prompt: The key}")
    person = Person(fleet, monkeypatch)
    value = person.text

    def move(fleet: "Fleet") -> None:
        person.text = fleet.set_key("SPARE_KEY") if what == "another value" else ""
        if what.endswith("asked"):
            monkeypatch.setenv("CI", "true")

    said = moved("a value", f"the credential ci-key of {ONE} has {what.partition(',')[0]}")
    # Where a person sits, an error ends with the command that explains it.
    assert said == stale(fleet, move).err.removesuffix("  more: `flowforge explain FF026`\n")
    assert person.asked == 1 + (not what.endswith("asked"))
    person.text = value
    monkeypatch.delenv("CI", raising=False)
    assert 0 == fleet.flowforge("apply", "p.json").code
    assert {KEY: value} == fleet.held()["acme/repo-001"]


MODULE = """\
from pathlib import Path

from flowforge.sources.plugin import NotAvailableError, SecretValue

class Source:
    interface = 1
    options = frozenset()

    def read(self, spec, context):
        held = context.folder / spec["stale-source"]
        if not held.exists():
            raise NotAvailableError("it has no such key")
        return SecretValue(held.read_text())
"""


@pytest.fixture
def plugin(fleet: "Fleet") -> Iterator[None]:
    """Install a package whose source `stale-source` gives what a file holds."""
    metadata = fleet.folder / "site" / "stale-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: stale\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[flowforge.sources]\nstale-source = stale_plugin:Source\n")
    (fleet.folder / "site" / "stale_plugin.py").write_text(MODULE)
    fleet.monkeypatch.syspath_prepend(str(fleet.folder / "site"))
    installed_sources.cache_clear()
    yield
    sys.modules.pop("stale_plugin", None)
    installed_sources.cache_clear()


@pytest.mark.usefixtures("plugin")
@pytest.mark.parametrize("what", ["another value", "no value", "a value now, and had none in the plan"])
def test_a_value_of_a_plugin(fleet: "Fleet", what: str) -> None:
    """A value that a plugin gives otherwise, no longer, or only now is named as any other."""
    held = fleet.folder / "key.txt"
    if not what.startswith("a value"):
        _file(fleet)
    target(fleet, ALL, credential="{stale-source: key.txt}")
    move = (lambda _: held.unlink()) if what == "no value" else _file
    assert moved("a value", f"the credential ci-key of {ONE} has {what}") == stale(fleet, move).err


def _time(fleet: "Fleet", number: int = 1) -> str:
    """Return what GitHub shows for one of the secrets."""
    document = json.loads(fleet.flowforge("plan", "--format", "json").out)
    return str(document["changes"][number - 1]["updated_at"])


def test_a_time_on_github(fleet: "Fleet") -> None:
    """A secret that somebody set since is named with both times."""
    fleet.flowforge("apply", "--yes")
    before = _time(fleet)
    fleet.set_key()
    done = stale(fleet, lambda fleet: fleet.sandbox.world.set_secret("acme/repo-001", KEY, "theirs"))
    assert moved("GitHub", f"{ONE} was changed at {_time(fleet)}, the plan saw {before}") == done.err


def test_a_secret_that_is_gone(fleet: "Fleet") -> None:
    """A secret that somebody deleted since is named."""
    fleet.flowforge("apply", "--yes")
    done = stale(fleet, lambda fleet: fleet.sandbox.world.delete_secret("acme/repo-001", KEY))
    assert moved("GitHub", f"{ONE} is gone") == done.err


def test_a_secret_that_is_there(fleet: "Fleet") -> None:
    """A secret that somebody made where the plan saw none is named: it would be overwritten."""
    done = stale(fleet, lambda fleet: fleet.sandbox.world.set_secret("acme/repo-001", KEY, "theirs"))
    assert moved("GitHub", f"{ONE} exists since {_time(fleet)}, and was missing in the plan") == done.err


def test_a_repo_that_cannot_be_read(fleet: "Fleet") -> None:
    """A repo that this token must not see any more is named; and one that it sees again."""
    fleet.simple("acme/repo-001")
    done = stale(fleet, lambda fleet: fleet.sandbox.world.hide_repo("acme/repo-001"))
    assert moved("GitHub", f"{ONE} cannot be read: not_found") == done.err
    done = stale(fleet, lambda fleet: fleet.sandbox.world.hide_repo("acme/repo-001", hidden=False))
    assert moved("GitHub", f"{ONE} can be read now (not_found in the plan)") == done.err


def test_another_repo_under_the_name(fleet: "Fleet") -> None:
    """A repo that was deleted and made again holds nothing of ours, and no record knows it: its id is in the plan."""
    before = fleet.sandbox.world.recreate_repo("acme/repo-001")
    after: list[int] = []
    done = stale(fleet, lambda fleet: after.append(fleet.sandbox.world.recreate_repo("acme/repo-001")))
    why = f"acme/repo-001 is another repository: its id is {after[0]}, the plan saw {before}"
    assert moved("GitHub", why) == done.err


def test_a_selector(fleet: "Fleet") -> None:
    """A repo that a selector finds since, or no longer, is named, and not told as a change of the manifest."""
    target(fleet, "select: {org: acme, name: repo-00*}, credential: ci-key")
    done = stale(fleet, lambda fleet: fleet.sandbox.world.create_repo("acme/repo-009"))
    assert moved("GitHub", "the selector of target All finds acme/repo-009, too") == done.err
    done = stale(fleet, lambda fleet: fleet.sandbox.world.delete_repo("acme/repo-009"))
    assert moved("GitHub", "the selector of target All no longer finds acme/repo-009") == done.err


def test_a_selector_outside_of_limit(fleet: "Fleet") -> None:
    """What a selector finds is admitted by apply, planned or not: so it counts beyond `--limit` as well."""
    target(fleet, "select: {org: acme, name: repo-00*}, credential: ci-key")
    done = stale(fleet, lambda fleet: fleet.sandbox.world.create_repo("acme/repo-009"), "--limit", "repo-001")
    assert moved("GitHub", "the selector of target All finds acme/repo-009, too", "-l repo-001") == done.err


def test_another_repo_that_a_selector_finds(fleet: "Fleet") -> None:
    """A repo made again is another one, told once though the selector and the look-up both saw it."""
    target(fleet, "select: {org: acme, name: repo-001}, credential: ci-key")
    before = fleet.sandbox.world.recreate_repo("acme/repo-001")
    after: list[int] = []
    done = stale(fleet, lambda fleet: after.append(fleet.sandbox.world.recreate_repo("acme/repo-001")))
    why = f"acme/repo-001 is another repository: its id is {after[0]}, the plan saw {before}"
    assert moved("GitHub", why) == done.err


def test_an_organizations_list(fleet: "Fleet") -> None:
    """Who sees an organization's secret: as it is, and as it is to be."""
    target(fleet, "org: acme, visible_to: {repos: [acme/repo-001]}, credential: ci-key")
    fleet.flowforge("apply", "--yes")
    value = fleet.sandbox.world.reveal_org("acme")[KEY]
    access = f"orgs/acme/actions/{KEY}/access"

    def widen(fleet: "Fleet") -> None:
        fleet.sandbox.world.set_org_secret("acme", KEY, value, visibility="all")

    err = stale(fleet, widen).err
    assert f"{access}: it is visible to all repositories, in the plan 1 selected repositories" in err
    body = "org: acme, visible_to: {repos: [acme/repo-002]}, credential: ci-key"
    err = stale(fleet, lambda fleet: target(fleet, body)).err
    why = f"{access}: it is to be visible to other 1 selected repositories than in the plan"
    assert moved("the manifest", why) == err


def test_a_variable(fleet: "Fleet") -> None:
    """The value of a variable that GitHub shows counts, whatever its time."""
    identity = (
        "version: 1\ncredentials:\n  federated:\n    type: anthropic_workload_identity\n"
        "    federation_rule_id: fdrl_01\n    organization_id: 00000000-0000-0000-0000-000000000000\n"
        "    service_account_id: svac_01\n"
        "targets: [{name: All, repos: [acme/repo-001], credential: federated}]\n"
    )
    fleet.manifest(identity)
    fleet.flowforge("apply", "--yes")
    name = "ANTHROPIC_ORGANIZATION_ID"
    err = stale(fleet, lambda fleet: fleet.sandbox.world.set_variable("acme/repo-001", name, "other")).err
    assert err.startswith("error FF027")
    assert f"acme/repo-001/variables/{name} was changed at " in err


def test_an_environment(fleet: "Fleet") -> None:
    """An environment that is to be made, and that somebody made, is named."""
    target(fleet, f"{ALL}, environments: [production], create_environment: true")
    done = stale(fleet, lambda fleet: fleet.sandbox.world.create_environment("acme/repo-001", "production"))
    where = f"acme/repo-001/environments/production/{KEY}"
    assert moved("GitHub", f"{where}: its environment is there now") == done.err


def test_another_github(fleet: "Fleet") -> None:
    """A plan for one GitHub is not applied to another."""
    url = fleet.sandbox.url.replace("127.0.0.1", "localhost")
    done = stale(fleet, lambda fleet: fleet.monkeypatch.setenv("GITHUB_API_URL", url))
    assert moved("GitHub", f"it is {url}, the plan was made for {fleet.sandbox.url}") == done.err


def _state(fleet: "Fleet") -> Path:
    return fleet.folder / "flowforge.state.json"


def test_the_states_serial(fleet: "Fleet") -> None:
    """Another run that wrote the state meanwhile is noticed, though no line of this plan is another one for it."""
    fleet.flowforge("apply", "--yes")
    serial = StateFile.read(_state(fleet)).serial
    done = stale(fleet, lambda fleet: fleet.flowforge("state", "forget", "acme/repo-005", "--yes"), "-l", "repo-001")
    assert moved("the state", f"its serial is {serial + 1}, the plan stands on {serial}", "-l repo-001") == done.err


def test_the_state_at_the_same_serial(fleet: "Fleet") -> None:
    """A state that remembers something else under the same serial is another one, too."""
    fleet.flowforge("apply", "--yes")
    state = StateFile.read(_state(fleet))
    address = Address(Scope(Repo.parse("acme/repo-005")), KEY)
    records = {each: record for each, record in state.records.items() if each != address}

    def rewrite(fleet: "Fleet") -> None:
        _state(fleet).write_bytes(encode(replace(state, records=records))[0])

    done = stale(fleet, rewrite, "-l", "repo-001")
    why = f"it remembers something else at the same serial {state.serial}"
    assert moved("the state", why, "-l repo-001") == done.err


def test_no_state_any_more(fleet: "Fleet") -> None:
    """A state that is gone is named, and the values are not: their fingerprints have another salt."""
    fleet.flowforge("apply", "--yes")
    state = StateFile.read(_state(fleet))
    done = stale(fleet, lambda fleet: _state(fleet).unlink())
    why = f"there is none, the plan stands on serial {state.serial} of lineage {state.lineage}"
    assert moved("the state", why) == done.err


def test_a_state_where_there_was_none(fleet: "Fleet") -> None:
    """Somebody else who began a state meanwhile is named."""
    done = stale(fleet, lambda fleet: fleet.flowforge("apply", "--yes", "-l", "repo-005"))
    lineage = StateFile.read(_state(fleet)).lineage
    assert done.err.endswith(moved("the state", f"there is one now (lineage {lineage}), and there was none"))


def test_another_lineage(fleet: "Fleet") -> None:
    """A state of another lineage is named."""
    fleet.flowforge("apply", "--yes")
    state = StateFile.read(_state(fleet))
    other = "00000000-0000-4000-8000-000000000000"
    done = stale(fleet, lambda fleet: _state(fleet).write_bytes(encode(replace(state, lineage=other))[0]))
    why = f"it is another one, of lineage {other}; the plan stands on lineage {state.lineage}"
    assert moved("the state", why) == done.err


def test_all_that_moved_is_told(fleet: "Fleet") -> None:
    """Each thing has its own error, and of many that moved in one the first five are shown."""
    fleet.grow(8)

    def move(fleet: "Fleet") -> None:
        fleet.set_key()
        fleet.simple("acme/repo-001")

    lines = stale(fleet, move).err.splitlines()
    assert lines[1].endswith("; and 2 more")
    assert ["FF025", "FF026"] == [line.split()[1].rstrip(":") for line in lines if line.startswith("error")]


def test_the_refusal_is_json_too(fleet: "Fleet") -> None:
    """Where stdout is for JSON, what moved is there by its codes."""
    fleet.flowforge("plan", "--out", "p.json")
    fleet.set_key()
    document = json.loads(fleet.flowforge("apply", "p.json", "--format", "json").out)
    assert (1, ["FF026"]) == (document["exit_code"], [each["code"] for each in document["errors"]])


# The brakes, and what the plan was made with.


def test_brakes_hold_unless_the_plan_was_made_with_their_flags(fleet: "Fleet") -> None:
    """A plan that says that apply will refuse it is refused; made with the flag, it is applied without asking."""
    fleet.grow(12)
    fleet.flowforge("apply", "--yes")
    fleet.simple("acme/repo-001")
    fleet.flowforge("plan", "--prune", "--out", "p.json")
    assert {"FF503": "--allow-deletes 11"} == json.loads(Path("p.json").read_text())["stands_on"]["brakes"]
    refused = fleet.refused("apply", "p.json")
    assert (4, True) == (refused.code, "FF503" in refused.err)
    fleet.flowforge("plan", "--prune", "--allow-deletes", "11", "--out", "p.json")
    assert fleet.flowforge("apply", "p.json").lines[-1].startswith("Done: 0 created, 0 updated, 11 deleted")


def test_what_has_no_value_stops_it_unless_it_was_made_with_keep_going(fleet: "Fleet") -> None:
    """A missing value stops a saved plan as it stops any apply; `plan --keep-going` says that it shall not."""
    fleet.simple("acme/repo-001", more="  - {name: Other, repos: [acme/repo-002], credential: other}\n")
    text = (fleet.folder / "flowforge.yaml").read_text()
    other = "credentials:\n  other: {type: anthropic_api_key, from: {env: NO_KEY}}\n"
    fleet.manifest(text.replace("credentials:\n", other))
    fleet.flowforge("plan", "--out", "p.json")
    assert "env NO_KEY is unset" in fleet.refused("apply", "p.json").err
    fleet.flowforge("plan", "--keep-going", "--out", "p.json")
    assert 3 == fleet.flowforge("apply", "p.json").code
    assert [KEY] == [*fleet.held()["acme/repo-001"]]
