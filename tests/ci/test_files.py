"""`action.yml` and the example workflows: linted by the tools that others use, and held to rules of our own."""

import json
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from packaging.requirements import Requirement

ROOT: Final = Path(__file__).resolve().parents[2]
ACTION: Final = ROOT / "action.yml"
WORKFLOWS: Final = sorted((ROOT / "examples/workflows").iterdir())
BIN: Final = Path(sys.executable).parent
PINNED: Final = re.compile(r"uses: (actions/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+|acme/flowforge@[0-9a-f]{40} # .+)\b.*")
# What a job may have, and for what: `contents: write` keeps a state on its branch.
PERMISSIONS: Final = {
    "apply.yaml": [{"contents": "read"}, {"contents": "write"}],
    "drift.yaml": [{"contents": "read", "issues": "write"}],
    "fork-comment.yaml": [{"actions": "read", "pull-requests": "write"}],
    "fork-plan.yaml": [{"contents": "read"}],
    "owners.yaml": [{"contents": "read"}, {"contents": "read"}],
    "plan.yaml": [{"contents": "read", "pull-requests": "write"}],
    "status.yaml": [{"contents": "read", "issues": "write"}],
}


def parsed(path: Path) -> dict[Any, Any]:
    """Read a file's YAML."""
    found: dict[Any, Any] = yaml.safe_load(path.read_text("utf-8"))
    return found


def steps() -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield every step, with the name of its file."""
    yield from ((ACTION.name, step) for step in parsed(ACTION)["runs"]["steps"])
    for path in WORKFLOWS:
        for job in parsed(path)["jobs"].values():
            yield from ((path.name, step) for step in job["steps"])


@pytest.mark.no_coverage
def test_zizmor_finds_nothing() -> None:
    """Not even as an auditor, and with one finding put aside: that a workflow follows another one."""
    command: list[str | Path] = [
        BIN / "zizmor",
        "--offline",
        "--no-config",
        "--persona",
        "auditor",
        "--format",
        "json",
        ACTION,
        *WORKFLOWS,
    ]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    ignored = [line for path in WORKFLOWS for line in path.read_text("utf-8").splitlines() if "zizmor: ignore" in line]
    assert (0, [], 1) == (done.returncode, json.loads(done.stdout or "[]"), len(ignored)), done.stdout + done.stderr


@pytest.mark.no_coverage
def test_actionlint_finds_nothing(tmp_path: Path) -> None:
    """Neither in the workflows nor in how they call the action, whose inputs and outputs it knows from action.yml."""
    folder = tmp_path / ".github/workflows"
    folder.mkdir(parents=True)
    (tmp_path / ".git").mkdir()
    shutil.copy(ACTION, tmp_path)
    for path in WORKFLOWS:
        text = re.sub(r"acme/flowforge@[0-9a-f]{40}", "./", path.read_text("utf-8"))
        (folder / path.name).write_text(text, "utf-8")
    command: list[str | Path] = [BIN / "actionlint", "-no-color", *sorted(folder.iterdir())]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8", check=False)
    assert (0, "") == (done.returncode, done.stdout + done.stderr)


@pytest.mark.no_coverage
def test_both_tools_find_something_where_there_is_something(tmp_path: Path) -> None:
    """An action by its tag, a token that stays, a shell that reads a title: so their silence means something."""
    bad = tmp_path / "bad.yaml"
    bad.write_text(
        "on: pull_request_target\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n"
        "      - uses: actions/checkout@v5\n"
        "      - run: echo ${{ github.event.pull_request.title }}\n",
        "utf-8",
    )
    found = subprocess.run([BIN / "zizmor", "--offline", "--format", "json", bad], capture_output=True, check=False)
    linted = subprocess.run([BIN / "actionlint", bad], capture_output=True, encoding="utf-8", check=False)
    idents = {each["ident"] for each in json.loads(found.stdout)}
    assert {"unpinned-uses", "artipacked", "dangerous-triggers", "template-injection"} <= idents
    assert (1, True) == (linted.returncode, "potentially untrusted" in linted.stdout)


@pytest.mark.no_coverage
@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not here: apt-get install shellcheck")
def test_shellcheck_finds_nothing(tmp_path: Path) -> None:
    """Neither in the action's script nor in any line that a step has a shell run."""
    scripts = [ROOT / "action/find_python.sh"]
    for number, (name, step) in enumerate(steps()):
        if "run" in step:
            script = tmp_path / f"{name}-{number}.sh"
            script.write_text(f"#!/bin/bash\n{step['run']}\n", "utf-8")
            scripts.append(script)
    done = subprocess.run(["shellcheck", *scripts], capture_output=True, encoding="utf-8", check=False)
    assert (0, "") == (done.returncode, done.stdout)


@pytest.mark.parametrize("path", [ACTION, *WORKFLOWS], ids=lambda path: path.name)
def test_what_others_wrote_is_pinned(path: Path) -> None:
    """Each `uses:` names a whole commit, and beside it the version that this is."""
    uses = [line.strip().removeprefix("- ") for line in path.read_text("utf-8").splitlines() if "uses:" in line]
    assert (True, []) == (bool(uses), [line for line in uses if not PINNED.fullmatch(line)])


def test_one_version_of_each_action() -> None:
    """All files pin the same commit of the same action."""
    pins: dict[str, set[str]] = {}
    for _, step in steps():
        name, _, commit = step.get("uses", "").partition("@")
        pins.setdefault(name, set()).add(commit)
    assert [] == [name for name, commits in pins.items() if len(commits) > 1]


def test_jobs_have_what_they_need_and_no_more() -> None:
    """A workflow as a whole has no permission; each job names its own, and these are they."""
    tops = {path.name: parsed(path)["permissions"] for path in WORKFLOWS}
    jobs = {path.name: [job["permissions"] for job in parsed(path)["jobs"].values()] for path in WORKFLOWS}
    assert ({name: {} for name in tops}, PERMISSIONS) == (tops, jobs)


def test_runs_do_not_meet() -> None:
    """Each workflow says what becomes of two runs at once; what writes is never cut short."""
    groups = {path.name: parsed(path)["concurrency"] for path in WORKFLOWS}
    cut = {name for name, each in groups.items() if each["cancel-in-progress"]}
    assert {"plan.yaml", "fork-plan.yaml", "fork-comment.yaml"} == cut
    assert groups["apply.yaml"] == groups["owners.yaml"] == {"group": "flowforge", "cancel-in-progress": False}


def test_no_checkout_leaves_a_credential() -> None:
    """Every checkout says so, in every file."""
    kept = [name for name, step in steps() if "actions/checkout@" in step.get("uses", "")
            and step["with"].get("persist-credentials") is not False]  # fmt: skip
    assert [] == kept


def test_secrets_are_given_to_single_steps() -> None:
    """No workflow and no job hands them to all of its steps, and none is in a text that a shell reads."""
    files = [(path.name, parsed(path)) for path in WORKFLOWS]
    wide = [name for name, file in files if "env" in file or any("env" in job for job in file["jobs"].values())]
    read = [step["run"] for _, step in steps() if "${{" in step.get("run", "")]
    assert ([], []) == (wide, read)


def test_the_forms_for_forks_have_no_secret() -> None:
    """Neither workflow names one beside the token that every job has."""
    texts = [
        (ROOT / "examples/workflows" / name).read_text("utf-8") for name in ("fork-plan.yaml", "fork-comment.yaml")
    ]
    assert [[], []] == [re.findall(r"secrets\.\w+", text) for text in texts]


def test_the_action_admits_no_source() -> None:
    """It never sets FLOWFORGE_ALLOWED_SOURCES or _PATHS: those are for whoever owns the workflow."""
    files = [ACTION, *sorted(each for each in (ROOT / "action").iterdir() if each.is_file())]
    assert [] == [file.name for file in files if "FLOWFORGE_ALLOWED" in file.read_text("utf-8")]


def test_the_outputs_are_those_that_flowforge_gives() -> None:
    """Each comes from the step that runs it, by the same name."""
    outputs = parsed(ACTION)["outputs"]
    assert {name: f"${{{{ steps.run.outputs.{name} }}}}" for name in outputs} == {
        name: what["value"] for name, what in outputs.items()
    }
    names = ["has-changes", "in-sync", "complete", "create", "update", "delete", "blocked", "drift", "exit-code"]
    assert [*names, "plan-file"] == list(outputs)


def test_the_hashes_are_of_what_the_action_needs() -> None:
    """All that FlowForge runs with and is built with has its pin there, the same as everywhere, and each its hashes."""
    text = (ROOT / "action/requirements.txt").read_text("utf-8")
    pins = {match[1]: match[2] for match in re.finditer(r"^([a-z0-9-]+)==(\S+)", text, re.MULTILINE)}
    blocks = re.findall(r"^([a-z0-9-]+)==.*((?:\n    --hash=sha256:[0-9a-f]{64}(?: \\)?)+)", text, re.MULTILINE)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    asked = [
        *project["project"]["dependencies"],
        *project["project"]["optional-dependencies"]["app"],
        *project["build-system"]["requires"],
    ]
    needed = {Requirement(each).name for each in asked}
    constraints = (ROOT / "constraints.txt").read_text("utf-8")
    assert (set(), set(pins)) == (needed - pins.keys(), {name for name, _ in blocks})
    assert [] == [f"{name}=={version}" for name, version in pins.items() if f"\n{name}=={version}" not in constraints]
    group = project["dependency-groups"]["action"]
    assert {Requirement(each).name for each in group} == {
        Requirement(each).name
        for each in (*project["build-system"]["requires"], *project["project"]["optional-dependencies"]["app"])
    }


def test_the_page_says_what_the_files_say() -> None:
    """docs/action.md has the inputs with their defaults, every output, and a step that is in plan.yaml."""
    page, action = (ROOT / "docs/action.md").read_text("utf-8"), parsed(ACTION)
    rows = dict(
        re.findall(r"^\| `([a-z-]+)` \| (?:`([a-z]+)`)? ?\| ", page.partition("| `fail-on` |")[0], re.MULTILINE)
    )
    last = re.search(r"^\| `fail-on` \| `([a-z]+)` \| ", page, re.MULTILINE)
    assert last is not None
    assert {name: what["default"] for name, what in action["inputs"].items()} == {**rows, "fail-on": last[1]}
    assert [] == [name for name in action["outputs"] if f"`{name}`" not in page.partition("The outputs are")[2]]
    step = page.partition("```yaml\n")[2].partition("```")[0]
    assert step in (ROOT / "examples/workflows/plan.yaml").read_text("utf-8")
    assert [] == [path.name for path in WORKFLOWS if f"[{path.name}]" not in page]
