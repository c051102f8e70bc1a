"""`flowforge audit --fix` as people type it: a diff on stdout or in a folder, and what is said of it."""

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

FILE: Final = ".github/workflows/ask.yml"
TOP: Final = "on: workflow_dispatch\njobs:\n  ask:\n    runs-on: ubuntu-latest\n"
JOB: Final = "    steps:\n      - uses: anthropics/claude-code-action@v1\n        with:\n"
KEY: Final = "          anthropic_api_key: ${{ secrets.CI_KEY }}\n"
READ: Final = "    permissions:\n      contents: read\n"
FORKS: Final = "on: pull_request\n" + TOP.partition("\n")[2] + READ + JOB + KEY
MADE: Final = "# Made by `flowforge audit --fix`. Apply it with `git apply`.\n"
SAYS: Final = 'adds `id-token: write` to the job "ask"'
PATCH: Final = (
    f"{MADE}# {FILE}:5 id-token-missing: {SAYS}\n"
    f"diff --git a/{FILE} b/{FILE}\n--- a/{FILE}\n+++ b/{FILE}\n@@ -4,6 +4,7 @@\n"
    "     runs-on: ubuntu-latest\n     permissions:\n       contents: read\n+      id-token: write\n"
    "     steps:\n       - uses: anthropics/claude-code-action@v1\n         with:\n"
)


def _checkout(folder: Path, text: str = TOP + READ + JOB + KEY, name: str = FILE) -> str:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    return str(folder)


def test_the_patch_is_on_stdout_and_the_words_on_stderr(fleet: "Fleet", tmp_path: Path) -> None:
    """Stdout has the diff and nothing else, so that it can be piped; stderr has the findings and what the diff does."""
    done = fleet.flowforge("audit", "--path", _checkout(tmp_path), "--fix")
    told = [f"mended  {FILE}:5 id-token-missing  {SAYS}", "Fix: 1 finding mended by the patch."]
    assert (0, PATCH, told) == (done.code, done.out, done.err.splitlines()[-2:])


def test_a_pipe_to_git_mends_the_checkout(tmp_path: Path) -> None:
    """`flowforge audit --fix | git apply`, as docs/audit.md has it: then no error, no patch is left; CRLF stays."""
    text = (TOP + READ + JOB + KEY).replace("\n", "\r\n")
    _checkout(tmp_path, text)
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    audit = [sys.executable, "-m", "flowforge", "audit", "--path", ".", "--fix", "--fail-on", "error"]
    environ = {name: value for name, value in os.environ.items() if name != "GITHUB_ACTIONS"}
    first = subprocess.run(audit, cwd=tmp_path, env=environ, capture_output=True, check=False)
    subprocess.run(["git", "apply", "-"], cwd=tmp_path, input=first.stdout, check=True)
    second = subprocess.run(audit, cwd=tmp_path, env=environ, capture_output=True, check=False)
    mended = text.replace("read\r\n", "read\r\n      id-token: write\r\n").encode()
    last = second.stderr.decode().splitlines()[-1]
    assert (3, mended, 0, b"", "Fix: nothing here has one right answer.") == (
        first.returncode,
        (tmp_path / FILE).read_bytes(),
        second.returncode,
        second.stdout,
        last,
    )


def test_a_folder_gets_the_patch(fleet: "Fleet", tmp_path: Path) -> None:
    """With `--out` the patch is a file whose name we make, stdout has the words, and a second run writes it again."""
    checkout = _checkout(tmp_path / "in")
    _checkout(tmp_path / "in", '[remote "origin"]\n\turl = git@github.com:acme/api.git\n', ".git/config")
    out = tmp_path / "patches"
    runs = [fleet.flowforge("audit", "--path", checkout, "--fix", "--out", str(out)) for _ in range(2)]
    last = f"Fix: 1 finding mended by {out}/001-acme-api.patch."
    written = {path.name: path.read_text(encoding="utf-8") for path in out.iterdir()}
    assert ({"001-acme-api.patch": PATCH}, [(0, last, "")] * 2) == (
        written,
        [(done.code, done.lines[-1], done.err) for done in runs],
    )


def test_what_is_left_is_said_with_its_reason(fleet: "Fleet", tmp_path: Path) -> None:
    """A finding that can be mended, and is not here, is told with the reason; there is no patch then, and no file."""
    checkout = _checkout(tmp_path / "in", FORKS)
    done = fleet.flowforge("audit", "--path", checkout, "--fix", "--out", str(tmp_path / "out"))
    told = [
        f'left    {FILE}:5 id-token-missing  a fork\'s run may reach the job "ask"',
        "Fix: nothing here has one right answer, and 1 finding left to you.",
    ]
    assert (0, told, False) == (done.code, done.lines[-2:], (tmp_path / "out").exists())


def test_reports_are_written_beside_the_patch(fleet: "Fleet", tmp_path: Path) -> None:
    """`--report` takes the document while stdout has the patch."""
    report = tmp_path / "a.json"
    done = fleet.flowforge("audit", "--path", _checkout(tmp_path / "in"), "--fix", "--report", f"json={report}")
    assert (PATCH, True) == (done.out, '"id-token-missing"' in report.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("options", "what", "fix"),
    [
        (("--out", "x"), "--out is for --fix alone", "add --fix, or take --out away"),
        (
            ("--fix", "--format", "json"),
            "--fix and --format json both want stdout",
            "name a folder by --out, or a file by --report json=FILE",
        ),
    ],
)
def test_options_that_contradict_each_other(
    fleet: "Fleet", tmp_path: Path, options: tuple[str, ...], what: str, fix: str
) -> None:
    """Each is FF048, before anything is read."""
    done = fleet.flowforge("audit", "--path", str(tmp_path / "gone"), *options)
    assert (1, f"error FF048: {what}\n  fix: {fix}\n") == (done.code, done.err)


def test_a_patch_that_would_command_the_runner_is_not_printed(
    fleet: "Fleet", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a run of GitHub's no line of a file may act on the log: FF710, and a folder takes the patch unchanged."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    checkout = _checkout(tmp_path / "in", (TOP + READ + JOB + KEY).replace("read\n", "read\n      # ##[group]x\n"))
    done = fleet.flowforge("audit", "--path", checkout, "--fix")
    expected = (
        "error FF710: the patch cannot be printed here\n"
        "  why: a line of it would act on the log or the terminal that shows it\n"
        "  fix: name a folder by --out\n"
    )
    written = fleet.flowforge("audit", "--path", checkout, "--fix", "--out", str(tmp_path / "out"))
    patch = (tmp_path / "out/001-checkout.patch").read_text(encoding="utf-8")
    assert (1, "", True, 0, True) == (done.code, done.out, expected in done.err, written.code, "##[group]x" in patch)


@pytest.mark.parametrize(
    ("there", "why"), [("a file", "a file is there that this command has not made"), ("a folder", "is a directory")]
)
def test_a_patch_that_cannot_be_written(fleet: "Fleet", tmp_path: Path, there: str, why: str) -> None:
    """What somebody else has put there is not overwritten: FF711."""
    checkout, out = _checkout(tmp_path / "in"), tmp_path / "out"
    path = out / "001-checkout.patch"
    out.mkdir()
    path.write_text("mine", encoding="utf-8") if there == "a file" else path.mkdir()
    done = fleet.flowforge("audit", "--path", checkout, "--fix", "--out", str(out))
    expected = f'error FF711: the patch "{path}" cannot be written\n  why: {why}\n  fix: name another folder by --out\n'
    assert (1, expected) == (done.code, done.err)
