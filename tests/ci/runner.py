"""Runs a workflow of GitHub Actions as its runner does: step by step, from the YAML, with the runner's files.

Composite actions are run from their own action.yml. Actions that are written in JavaScript are stood in for
(`stand_ins.py`). What a file says that is not known here is an error, never passed over.
"""

import json
import os
import re
import secrets
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from tests.ci.expressions import PURE, Contexts, evaluate, filled, is_true, text_of

SHELLS: Final = {
    "bash": ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail"],
    None: ["bash", "-e"],
}
_STEP_KEYS: Final = {"name", "id", "if", "run", "uses", "with", "env", "shell"}
_JOB_KEYS: Final = {"name", "needs", "if", "runs-on", "environment", "permissions", "outputs", "steps"}
_LEVELS: Final = {"read", "write"}

Env = Mapping[str, str]


@dataclass
class Step:
    """What became of a step."""

    name: str
    outcome: str
    """`success`, `failure` or `skipped`."""
    outputs: dict[str, str] = field(default_factory=dict)
    summary: str = ""
    log: str = ""
    inner: list["Step"] = field(default_factory=list)
    """Of a composite action."""


@dataclass
class Job:
    """What became of a job."""

    result: str
    """`success`, `failure` or `skipped`."""
    steps: list[Step] = field(default_factory=list)
    outputs: dict[str, str] = field(default_factory=dict)

    @property
    def log(self) -> str:
        """Return what all of its steps said."""
        return "".join(step.log for step in self.steps)

    @property
    def outcomes(self) -> dict[str, str]:
        """Return the outcome of each step, by its name."""
        return {step.name: step.outcome for step in self.steps}


@dataclass
class Event:
    """What begins a run."""

    name: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    sha: str = "c0" * 20
    ref: str = "refs/heads/main"


@dataclass
class Site:
    """GitHub, as far as a runner sees it."""

    folder: Path
    """Everything that a run makes is below it."""
    actions: Mapping[str, Path]
    """Where composite actions are, by the name before the `@`; `./` too."""
    stand_ins: Mapping[str, Callable[["Run", dict[str, str]], dict[str, str]]]
    """What others do, by their names: they get their inputs and return their outputs."""
    token: Callable[[Mapping[str, str]], str]
    """Makes the token of a job with these permissions."""
    repository: str = "acme/ops"
    secrets: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """By environment; those of the repository under the empty name."""
    branches: dict[str, Path] = field(default_factory=dict)
    """The files of a branch or a commit; the commit of the event under the empty name."""
    artifacts: dict[tuple[str, str], Path] = field(default_factory=dict)
    """By the id of a run and the name."""
    environ: Mapping[str, str] = field(default_factory=dict)
    """Variables of the runner: GITHUB_API_URL and the like."""
    prepare: Callable[[Path], None] = lambda _: None
    """Is told the folder of a new job's RUNNER_TEMP."""

    def run(self, workflow: Path, event: Event) -> "Run":
        """Run a workflow to its end."""
        run = Run(self, yaml.safe_load(workflow.read_text("utf-8")), event)
        run.all()
        return run


class Run:
    """A run of a workflow."""

    def __init__(self, site: Site, workflow: Mapping[Any, Any], event: Event) -> None:
        """Begin it. YAML 1.1 takes the key `on` for true."""
        assert event.name in (workflow[True] if not isinstance(workflow[True], str) else [workflow[True]])
        self.site, self.workflow, self.event = site, workflow, event
        self.id = str(secrets.randbelow(10**9))
        self.jobs: dict[str, Job] = {}
        self.workspace = self.temp = Path()
        self.permissions: Mapping[str, str] = {}

    def all(self) -> None:
        """Run every job, in the order in which they stand."""
        for name, job in self.workflow["jobs"].items():
            assert job.keys() <= _JOB_KEYS, job.keys() - _JOB_KEYS
            self.jobs[name] = self._job(name, job)

    def _job(self, name: str, job: Mapping[str, Any]) -> Job:
        needs = job.get("needs", [])
        waited = {each: self.jobs[each] for each in ([needs] if isinstance(needs, str) else needs)}
        self.permissions = job.get("permissions", self.workflow["permissions"])
        assert set(self.permissions.values()) <= _LEVELS
        contexts = self._contexts(name, job)
        contexts["needs"] = {key: {"result": each.result, "outputs": each.outputs} for key, each in waited.items()}
        well = all(each.result == "success" for each in waited.values())
        if not _holds(job.get("if"), contexts, well=well):
            return Job("skipped")
        self.workspace, self.temp = self._folders(name)
        env = self._environ(contexts)
        steps = list(self._steps(job["steps"], contexts, env))
        outputs = filled(job.get("outputs", {}), contexts)
        failed = any(step.outcome == "failure" for step in steps)
        return Job("failure" if failed else "success", steps, {key: text_of(each) for key, each in outputs.items()})

    def _contexts(self, job: str, what: Mapping[str, Any]) -> dict[str, Any]:
        environment = what.get("environment", "")
        given = {**self.site.secrets.get("", {}), **self.site.secrets.get(environment, {})}
        github = {
            "event_name": self.event.name,
            "event": self.event.payload,
            "repository": self.site.repository,
            "token": self.site.token(self.permissions),
            "sha": self.event.sha,
            "ref": self.event.ref,
            "run_id": self.id,
            "job": job,
        }
        return {"github": github, "secrets": {**given, "GITHUB_TOKEN": github["token"]}, "steps": {}, "needs": {}}

    def _folders(self, job: str) -> tuple[Path, Path]:
        home = self.site.folder / f"run-{self.id}" / job
        workspace, temp = home / "workspace", home / "temp"
        workspace.mkdir(parents=True)
        temp.mkdir()
        (temp / "event.json").write_text(json.dumps(self.event.payload), "utf-8")
        self.site.prepare(temp)
        return workspace, temp

    def _environ(self, contexts: Contexts) -> dict[str, str]:
        """Return what every step has, whatever its file says. Nothing of this process's own is in it but the PATH."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.temp),
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_EVENT_NAME": self.event.name,
            "GITHUB_EVENT_PATH": str(self.temp / "event.json"),
            "GITHUB_JOB": contexts["github"]["job"],
            "GITHUB_REF": self.event.ref,
            "GITHUB_REPOSITORY": self.site.repository,
            "GITHUB_RUN_ID": self.id,
            "GITHUB_SHA": self.event.sha,
            "GITHUB_WORKSPACE": str(self.workspace),
            "RUNNER_OS": "Linux",
            "RUNNER_TEMP": str(self.temp),
            **self.site.environ,
        }

    def _steps(self, steps: list[Mapping[str, Any]], contexts: dict[str, Any], env: Env) -> Iterator[Step]:
        well = True
        for number, step in enumerate(steps):
            assert step.keys() <= _STEP_KEYS, step.keys() - _STEP_KEYS
            done = Step(step.get("name") or step.get("uses") or step["run"], "skipped")
            if _holds(step.get("if"), contexts, well=well):
                self._step(step, done, contexts, env)
            well = well and done.outcome != "failure"
            state = {"outputs": done.outputs, "outcome": done.outcome, "conclusion": done.outcome}
            contexts["steps"][step.get("id", f"__{number}")] = state
            yield done

    def _step(self, step: Mapping[str, Any], done: Step, contexts: dict[str, Any], env: Env) -> None:
        own = {**env, **{key: text_of(each) for key, each in filled(step.get("env", {}), contexts).items()}}
        if "run" in step:
            self._script(text_of(filled(step["run"], contexts)), step.get("shell"), done, own)
            return
        inputs = {key: text_of(each) for key, each in filled(step.get("with", {}), contexts).items()}
        name = step["uses"].partition("@")[0]
        if name in self.site.actions:
            self._composite(self.site.actions[name], inputs, done, contexts, own)
            return
        try:
            done.outputs.update(self.site.stand_ins[name](self, inputs))
            done.outcome = "success"
        except FileNotFoundError as error:
            done.outcome, done.log = "failure", f"{error}\n"

    def _composite(
        self, folder: Path, inputs: dict[str, str], done: Step, contexts: Mapping[str, Any], env: Env
    ) -> None:
        action = yaml.safe_load((folder / "action.yml").read_text("utf-8"))
        assert action["runs"]["using"] == "composite"
        assert inputs.keys() <= action["inputs"].keys(), inputs.keys() - action["inputs"].keys()
        given = {key: inputs.get(key, what.get("default", "")) for key, what in action["inputs"].items()}
        own = {"github": contexts["github"], "inputs": given, "steps": {}}  # it sees neither secrets nor needs
        done.inner = list(self._steps(action["runs"]["steps"], own, {**env, "GITHUB_ACTION_PATH": str(folder)}))
        done.outputs = {key: text_of(filled(what["value"], own)) for key, what in action["outputs"].items()}
        done.outcome = "failure" if any(step.outcome == "failure" for step in done.inner) else "success"
        done.log, done.summary = ("".join(getattr(each, of) for each in done.inner) for of in ("log", "summary"))

    def _script(self, text: str, shell: str | None, done: Step, env: Env) -> None:
        folder = self.temp / secrets.token_hex(8)
        folder.mkdir()
        names = {
            "GITHUB_OUTPUT": "output",
            "GITHUB_STEP_SUMMARY": "summary",
            "GITHUB_ENV": "env",
            "GITHUB_PATH": "path",
        }
        files = {variable: folder / name for variable, name in names.items()}
        for file in files.values():
            file.touch()
        script = folder / "script.sh"
        script.write_text(text + "\n", "utf-8")
        ran = subprocess.run(
            [*SHELLS[shell], script],
            env={**env, **{variable: str(file) for variable, file in files.items()}},
            cwd=self.workspace,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )
        done.outcome, done.log = "success" if ran.returncode == 0 else "failure", ran.stdout
        done.outputs.update(assignments(files["GITHUB_OUTPUT"].read_text("utf-8")))
        done.summary = files["GITHUB_STEP_SUMMARY"].read_text("utf-8")
        assert not files["GITHUB_ENV"].read_text("utf-8") + files["GITHUB_PATH"].read_text("utf-8"), "none of ours does"


def assignments(text: str) -> dict[str, str]:
    """Read a file of the runner's: `name=value`, or `name<<MARK` with lines up to the mark. Raises ValueError."""
    found: dict[str, str] = {}
    lines = iter(text.splitlines())
    for line in lines:
        match = re.fullmatch(r"([^=<]+)(<<|=)(.*)", line)
        if match is None:
            raise ValueError(line)
        name, sign, rest = match.groups()
        if sign == "=":
            found[name] = rest
            continue
        value: list[str] = []
        for each in lines:
            if each == rest:
                break
            value.append(each)
        else:
            raise ValueError(rest)
        found[name] = "\n".join(value)
    return found


def _holds(condition: Any, contexts: Contexts, *, well: bool) -> bool:  # noqa: ANN401 -- YAML
    """Return whether an `if` holds. Without a function of the status it is about success too."""
    status: dict[str, Callable[[], bool]] = {
        "success": lambda: well,
        "failure": lambda: not well,
        "always": lambda: True,
        "cancelled": lambda: False,
    }
    if condition is None:
        return well
    text = str(condition)
    asks = re.search(r"\b(success|failure|always|cancelled)\(\)", text)
    return (bool(asks) or well) and is_true(evaluate(text, contexts, {**PURE, **status}))


def copied(source: Path, target: Path) -> None:
    """Copy a file or the files of a folder into another folder."""
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
    elif source.exists():
        target.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)
    else:
        raise FileNotFoundError(source)
