"""Three repos with what a first apply left, a manifest that wants more, and an apply whose parts may raise."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import pytest

from flowforge.__main__ import run
from flowforge.cli.apply import Apply, carry_out
from flowforge.cli.main import cli
from flowforge.plan.address import Address
from flowforge.sandbox import Lag, Sandbox
from flowforge.state import codec
from flowforge.state.file import StateFile
from flowforge.state.model import State
from tests.cli.breaking import Strike
from tests.clocks import outside_of
from tests.made_up import letters

SCALE = 120
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
DONE = {"created", "updated", "deleted"}
REPOS = ("acme/a", "acme/b", "acme/c")
REPORTS = ("report.json", "report.txt")


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
        code = run(list(args), outside_of(SCALE))
        return self._told(code)

    def apply(self, strike: Strike, *more: str, apply: Apply | None = None) -> Told:
        """Apply with two workers, with parts that may raise. more: options. apply: in the place of the strike's."""
        reports = "--report", "json=report.json", "--report", "text=report.txt"
        args = ["--yes", "-j", "2", *reports, *(more or ("--format", "json"))]
        self.capfd.readouterr()
        with cli.make_context("flowforge", ["apply"]) as outer:
            command = cli.get_command(outer, "apply")
        assert command
        with command.make_context("apply", args, obj=outside_of(SCALE)) as context:
            given = {name: value for name, value in context.params.items() if name not in {"yes", "check", "planfile"}}
            del given["detailed_exitcode"]
            return self._told(carry_out(given, None, yes=True, apply=apply or strike.apply))

    def _told(self, code: int) -> Told:
        shown = self.capfd.readouterr()
        reports = [Path(name).read_text(encoding="utf-8") if Path(name).exists() else "" for name in REPORTS]
        return Told(code, shown.out, shown.err, *reports)

    def held(self) -> dict[str, str]:
        """Return what GitHub holds, decrypted, by address."""
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
            return codec.decode(self._read().encode(), PATH).state
        return StateFile.read(self.folder / PATH)

    def recorded(self) -> set[str]:
        """Return the lines of which the state knows that they are done."""
        state, old = self.state, codec.decode(Scene.first[self.on_branch][0].encode(), PATH).state
        names = {str(address): address for address in (*state.remembered, *old.records)}

        def is_done(line: str) -> bool:
            address = names.get(line)
            if address is None or address in state.pending:
                return False
            before, after = (_fingerprint(each, address) for each in (old, state))
            return after is None if line == DELETED else after not in {before, None}

        return {line for line in LINES if is_done(line)}

    def plan(self) -> dict[str, str]:
        """Return the action of each line that a plan does not find in order."""
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
    return f"sk-ant-{kind}-{letters(93)}AA"
