"""Whatever is raised at whatever step of a write: all is told, the exit code is true, and the next plan right."""

import json
import os
import re
import secrets
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pytest
from jsonschema import Draft202012Validator

from flowforge.__main__ import run
from flowforge.cli.apply import carry_out, command
from flowforge.errors import GitHubError
from flowforge.plan.address import Address
from flowforge.resources import schema_text
from flowforge.sandbox import Fault, FaultKind, Lag, Sandbox
from flowforge.state import text
from flowforge.state.file import StateFile
from flowforge.state.model import State
from tests.cli.breaking import CANARY, Strike, foreign, ours

SCALE = 120
LOCK = 700
OPS, BRANCH, PATH = "acme/ops", "flowforge-state", "flowforge.state.json"
KEY, TOKEN, RULE, ORG = (
    "ANTHROPIC_API_KEY",
    "CLAUDE_CODE_OAUTH_TOKEN",
    "ANTHROPIC_FEDERATION_RULE_ID",
    "ANTHROPIC_ORGANIZATION_ID",
)
UUID = "00000000-0000-0000-0000-00000000000a"
HEAD = (
    "version: 1\ncredentials:\n  key: {type: anthropic_api_key, from: {env: ACME_KEY}}\n"
    "  token: {type: claude_code_oauth_token, from: {env: ACME_TOKEN}}\n"
)
BEFORE = (
    "targets:\n  - {name: Keys, repos: [acme/a], credential: key}\n"
    "  - {name: Tokens, repos: [acme/b], credential: token}\n"
)
AFTER = (
    f"  ids: {{type: anthropic_workload_identity, federation_rule_id: fdrl_1, organization_id: {UUID}}}\n"
    "targets:\n  - {name: Keys, repos: [acme/a, acme/b, acme/c], credential: key}\n"
    "  - {name: Ids, repos: [acme/a], credential: ids}\n"
    "  - {name: Production, repos: [acme/c], environments: [production], create_environment: true, credential: key}\n"
    f"absent:\n  - {{name: Old, repos: [acme/b], secret: {TOKEN}}}\n"
)
ON_BRANCH = f"state: {{github: {{repo: {OPS}}}}}\n"
# Each line with the requests that write it.
LINES = {
    f"acme/a/actions/{KEY}": f"PUT /repos/acme/a/actions/secrets/{KEY}",
    f"acme/a/variables/{RULE}": f"POST /repos/acme/a/actions/variables {RULE}",
    f"acme/a/variables/{ORG}": f"POST /repos/acme/a/actions/variables {ORG}",
    f"acme/b/actions/{KEY}": f"PUT /repos/acme/b/actions/secrets/{KEY}",
    f"acme/b/actions/{TOKEN}": f"DELETE /repos/acme/b/actions/secrets/{TOKEN}",
    f"acme/c/actions/{KEY}": f"PUT /repos/acme/c/actions/secrets/{KEY}",
    f"acme/c/environments/production/{KEY}": f"PUT /repos/acme/c/environments/production/secrets/{KEY}",
}
DELETED = f"acme/b/actions/{TOKEN}"
SCHEMA = json.loads(schema_text("report"))
DONE = {"created", "updated", "deleted"}
REPOS = ("acme/a", "acme/b", "acme/c")
REPORTS = ("report.json", "report.txt")

# Steps that only the main thread takes.
MAIN = {
    "before memory.announce": 2,
    "after memory.announce": 1,
    "before memory.batch": 2,
    "before memory.close": 1,
    "after memory.close": 1,
    "before memory.begun": 1,
    "before memory.settled": 1,
    "before memory.unrecorded": 1,
    "begin Writing": 1,
    "advance Writing": 1,
    "end Writing": 1,
    "recap": 1,
    "close client": 1,
}
# Steps of a worker, each with how often it comes until it raises.
WORKERS = {
    "before memory.intend": 2,
    "after memory.intend": 2,
    "before memory.record": 2,
    "after memory.record": 2,
    "before memory.forget": 1,
    "after memory.forget": 1,
    "before memory.abandon": 1,
    "after memory.abandon": 1,
    "before vault.get": 2,
    "after vault.get": 2,
    "before permits.refusal": 3,
    "before permits.granted": 2,
    "before permits.failed": 1,
    "notify": 1,
    **{
        f"{when} {what}": 1
        for when in ("before", "after", "within")
        for what in (
            "GET /repos/acme/b/actions/secrets/public-key",
            f"PUT /repos/acme/b/actions/secrets/{KEY}",
            "GET /repos/acme/b/actions/secrets",
            f"DELETE /repos/acme/b/actions/secrets/{TOKEN}",
            "PUT /repos/acme/c/environments/production",
            "POST /repos/acme/a/actions/variables",
            "GET /repos/acme/a/actions/variables",
        )
    },
}
OF_THE_STATE = {step: nth for step, nth in WORKERS.items() if "memory." in step or "PUT" in step}
# A push of the state: the announcement of the first writes, that of the others, and the end.
PUSHES = [f"{when} PUT /repos/{OPS}/contents/{PATH}" for when in ("before", "after", "within")]
# What makes a step come at all.
REFUSED = Fault(f"PUT /repos/acme/c/actions/secrets/{KEY}", FaultKind.STATUS, status=422, message="no")
LIMITED = Fault(f"PUT /repos/acme/b/actions/secrets/{KEY}", FaultKind.STATUS, status=403, retry_after=1)
NEEDS = {"memory.abandon": REFUSED, "permits.failed": REFUSED, "notify": LIMITED}


@dataclass(frozen=True)
class Told:
    """How an apply ended: its exit code, what it printed, and its reports."""

    code: int
    out: str
    err: str
    json: str
    text: str


@dataclass
class Scene:
    """Three repos with what a first apply left: an old key, and a token that is to go; a manifest that wants more."""

    sandbox: Sandbox
    folder: Path
    capfd: pytest.CaptureFixture[str]
    on_branch: bool
    wanted: dict[str, str] = field(default_factory=dict)
    first: ClassVar[dict[bool, tuple[str, dict[str, str], tuple[int, int]]]] = {}

    def begin(self, patch: pytest.MonkeyPatch) -> None:
        """Bring the fleet to where it begins: by a real apply once, and by its traces after that."""
        world = self.sandbox.world
        for repo in REPOS:
            world.create_repo(repo)
        world.create_repo(OPS, private=True)
        world.edit_file(OPS, "README.md", "the ops repository\n")
        scopes = (world.directory["acme/a"].actions, KEY), (world.directory["acme/b"].actions, TOKEN)
        if self.on_branch not in Scene.first:
            values = {"ACME_KEY": _value("api03"), "ACME_TOKEN": _value("oat01")}
            for name, value in values.items():
                patch.setenv(name, value)
            self._manifest(BEFORE)
            assert 0 == self.run("apply", "--yes").code
            Scene.first[self.on_branch] = (
                self._read(),
                values,
                (scopes[0][0].secrets[KEY].updated, scopes[1][0].secrets[TOKEN].updated),
            )
        else:
            kept, values, times = Scene.first[self.on_branch]
            for (scope, name), value, at in zip(scopes, values.values(), times, strict=True):
                scope.put(name, value.encode(), at=at, lag=Lag())
            self._write(kept)
        world.clock.advance(max(0.0, max(Scene.first[self.on_branch][2]) + 2 - world.clock.now()))
        patch.setenv("ACME_KEY", value := _value("api03"))
        patch.setenv("ACME_TOKEN", _value("oat01"))
        self._manifest(AFTER)
        self.wanted = {line: value for line in LINES if line.endswith(KEY)}
        self.wanted |= {f"acme/a/variables/{RULE}": "fdrl_1", f"acme/a/variables/{ORG}": UUID}

    def run(self, *args: str) -> Told:
        """Run a command as anybody does."""
        self.capfd.readouterr()
        code = run(list(args))
        return self._told(code)

    def apply(self, strike: Strike) -> Told:
        """Apply, with parts that may raise; the state is told all at once, and two workers write."""
        args = ["--yes", "-j", "2", "--format", "json", "--report", "json=report.json", "--report", "text=report.txt"]
        self.capfd.readouterr()
        with command.make_context("apply", args) as context:
            given = {name: value for name, value in context.params.items() if name not in {"yes", "check", "planfile"}}
            del given["detailed_exitcode"]
            return self._told(carry_out(given, None, yes=True, apply=strike.apply))

    def _told(self, code: int) -> Told:
        shown = self.capfd.readouterr()
        reports = [Path(name).read_text(encoding="utf-8") if Path(name).exists() else "" for name in REPORTS]
        return Told(code, shown.out, shown.err, *reports)

    def held(self) -> dict[str, str]:
        """Give what GitHub holds, decrypted, by address."""
        world = self.sandbox.world
        found = {f"{repo}/actions/{name}": value for repo in REPOS for name, value in world.reveal(repo).items()}
        found |= {f"acme/a/variables/{name}": value for name, value in world.variables("acme/a").items()}
        if "production" in world.directory["acme/c"].environments:
            secrets = world.reveal("acme/c", environment="production")
            found |= {f"acme/c/environments/production/{name}": value for name, value in secrets.items()}
        return found

    @property
    def state(self) -> State:
        """Read the state where it is kept."""
        if self.on_branch:
            return text.decode(self._read().encode(), PATH).state
        return StateFile.read(self.folder / PATH)

    def recorded(self) -> set[str]:
        """Give the lines of which the state knows that they are done."""
        state, old = self.state, text.decode(Scene.first[self.on_branch][0].encode(), PATH).state
        names = {str(address): address for address in (*state.remembered, *old.records)}

        def is_done(line: str) -> bool:
            address = names.get(line)
            if address is None or address in state.pending:
                return False
            before, after = (_fingerprint(each, address) for each in (old, state))
            return after is None if line == DELETED else after not in {before, None}

        return {line for line in LINES if is_done(line)}

    def plan(self) -> dict[str, str]:
        """Give the action of each line that a plan does not find in order."""
        self.sandbox.world.clock.advance(2)
        document = json.loads(self.run("plan", "--format", "json").out)
        return {line["address"]: line["action"] for line in document["changes"] if line["action"] != "none"}

    def _manifest(self, targets: str) -> None:
        more = ON_BRANCH if self.on_branch else ""
        (self.folder / "flowforge.yaml").write_text(HEAD + targets + more, encoding="utf-8")

    def _read(self) -> str:
        if self.on_branch:
            return self.sandbox.world.read_file(OPS, PATH, branch=BRANCH)
        return (self.folder / PATH).read_text(encoding="utf-8")

    def _write(self, state: str) -> None:
        if self.on_branch:
            self.sandbox.world.edit_file(OPS, PATH, state, branch=BRANCH)
        else:
            (self.folder / PATH).write_text(state, encoding="utf-8")


def _fingerprint(state: State, address: Address) -> str | None:
    record = state.records.get(address)
    return record.fingerprint if record else None


def _value(kind: str) -> str:
    return f"sk-ant-{kind}-{secrets.token_hex(47)[:93]}AA"


Scenes = Callable[[str], Scene]


@pytest.fixture
def scenes(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Scenes]:
    """Give what makes a scene: a GitHub, a folder and a state of its own each time."""
    with ExitStack() as held:

        def scene(home: str) -> Scene:
            held.close()
            folder = Path(held.enter_context(tempfile.TemporaryDirectory())).resolve()
            sandbox = held.enter_context(Sandbox(time_scale=SCALE))
            held.callback(os.chdir, Path.cwd())
            os.chdir(folder)
            for name, value in _environ(sandbox).items():
                monkeypatch.setenv(name, value)
            made = Scene(sandbox, folder, capfd, home == "branch")
            made.begin(monkeypatch)
            return made

        yield scene


def _environ(sandbox: Sandbox) -> dict[str, str]:
    return {
        "FLOWFORGE_GITHUB_TOKEN": sandbox.token,
        "GITHUB_API_URL": sandbox.url,
        "FLOWFORGE_TIME_SCALE": str(SCALE),
    }


def judge(scene: Scene, strike: Strike) -> None:
    """Let an apply meet an exception, and hold what is told of it against the wire, GitHub and the state."""
    for part, fault in NEEDS.items():
        if part in strike.step:
            scene.sandbox.world.faults.add(fault)
    told = scene.apply(strike)
    scene.sandbox.world.faults.clear()
    assert strike.met
    left = {line for line, request in LINES.items() if any(each.left and each.what == request for each in strike.wire)}
    recorded, held = scene.recorded(), scene.held()
    assert {line: scene.wanted.get(line) for line in recorded} == {line: held.get(line) for line in recorded}
    document = json.loads(told.out)
    _is_true(document, strike, left, recorded)
    assert (told.code, told.out) == (document["exit_code"], told.json)
    _is_told(told, document, in_short=strike.step == "recap")
    assert CANARY not in told.out + told.err + told.text + json.dumps(sorted(map(str, scene.state.remembered)))
    # What comes next puts it right; the lock of a run that could not give it back ends by itself.
    scene.sandbox.world.clock.advance(LOCK if scene.on_branch else 0)
    gone = {DELETED} - held.keys()  # the next apply has nothing to do but to forget it
    assert set(LINES) - recorded - gone == set(scene.plan())
    assert 0 == scene.run("apply", "--yes").code
    assert ({}, scene.wanted) == (scene.plan(), scene.held())


def _is_true(document: Any, strike: Strike, left: set[str], recorded: set[str]) -> None:  # noqa: ANN401 -- JSON
    """Hold the report against what was left at GitHub, or may have been, and what the state has of it."""
    Draft202012Validator(SCHEMA).validate(document)
    outcomes = {each["address"]: each["outcome"] for each in document["results"]}
    assert set(LINES) == set(outcomes)
    # A refusal of GitHub's that came to no end is told as a failure, and the state has it as open.
    lost = {"failed", "unrecorded"} if isinstance(strike.error, GitHubError) else {"unrecorded"}
    for line, outcome in outcomes.items():
        expected = DONE if line in recorded else lost if line in left else {"failed", "not_done"}
        assert outcome in expected, (line, outcome, line in left)
    assert document["exit_code"] in _codes(document, strike, outcomes)


def _is_told(told: Told, document: Any, *, in_short: bool) -> None:  # noqa: ANN401 -- JSON
    """Hold the recap against the report: in a line of the simplest words for each secret where it cannot be shown."""
    if in_short:
        short = [f"{each['outcome']}: {each['address']}" for each in document["results"]]
        assert short == told.text.splitlines()[-len(short) :]
        assert short == [line for line in told.err.splitlines() if line in short]
        return
    counts = document["counts"]
    named = ", ".join(f"{counts.get(each, 0)} {each}" for each in ("created", "updated", "deleted", "failed"))
    done = "Done" if set(counts) <= DONE and not document["errors"] else "Not all done"
    assert re.match(f"{done}: {named}, 0 blocked", told.text.splitlines()[-1])
    repos = [line.split(" : ")[0] for line in told.text.splitlines() if " : in_sync=" in line]
    assert sorted(document["recap"]) == repos


def _codes(document: Any, strike: Strike, outcomes: Mapping[str, str]) -> set[int]:  # noqa: ANN401 -- JSON
    """Give the exit codes that are true."""
    if strike.step in MAIN and isinstance(strike.error, KeyboardInterrupt):
        return {130}
    if "unrecorded" in outcomes.values():
        return {5}
    if set(outcomes.values()) <= DONE and not document["errors"]:
        return {0}
    return {3} if any(each.left and OPS not in each.request for each in strike.wire) else {1, 3}


# All that raises, all that it can be raised in, in both homes of a state: the second has pushes beside that.
KINDS = (*ours(), *foreign())
STEPS = [
    *(("file", step, nth) for step, nth in (WORKERS | MAIN).items()),
    *(("branch", step, nth) for step, nth in (MAIN | OF_THE_STATE).items()),
    *(("branch", step, nth) for nth in (1, 2, 3) for step in PUSHES),
]
IDS = [f"{home}, {step.replace('/', '.')}, {nth}" for home, step, nth in STEPS]


@pytest.mark.parametrize("number", range(len(STEPS)), ids=IDS)
def test_an_exception_at_a_step(scenes: Scenes, number: int) -> None:
    """Each step meets two kinds of exceptions, and each kind meets a step or more; `make slow` has each with each."""
    home, step, nth = STEPS[number]
    for kind in (KINDS[number % len(KINDS)], KINDS[-1 - number * 7 % len(KINDS)]):
        judge(scenes(home), Strike(step, (ours() | foreign())[kind], nth))


@pytest.mark.slow
@pytest.mark.parametrize("number", range(len(STEPS)), ids=IDS)
def test_every_exception_at_a_step(scenes: Scenes, number: int) -> None:
    """The same of every kind at every step."""
    home, step, nth = STEPS[number]
    for kind in KINDS:
        judge(scenes(home), Strike(step, (ours() | foreign())[kind], nth))
