"""Faults in the middle of a rotation: its canary, the runs with the old value, the run itself, its source, the old key."""

import os
import re
import sys
from typing import Final

from flowforge.sandbox import Fault
from flowforge.sandbox import FaultKind as Kind
from tests.cli.verifying import ADMIN, admin_key
from tests.docs.pages import ROOT, page_of
from tests.faults.bench import FOREVER, MANIFEST, REPOS, Bench, Done
from tests.faults.row import BOTH_CHANGED, BOTH_OLD, UPDATED, WEB_OLD, Expected, Given, Row

CANARY: Final = ".github/workflows/canary.yml"
DISPATCH: Final = "^POST /repos/acme/api/actions/workflows/canary.yml/dispatches"
WALK: Final = ("ci-key", "--yes", "--batch", "1,rest")
BY_WORKFLOW: Final = (*WALK, "--canary", "canary.yml", "--canary-timeout", "2m")
BY_COMMAND: Final = (*WALK, "--canary-command", "./canary")
_COURSE: Final = (
    "Rotation of ci-key: 2 secrets.",
    "  batch 1: 1 repo: acme/api; then the canary in acme/api",
    "  batch 2: 1 repo: acme/web; then the canary in acme/web",
)
_AT_ONCE: Final = ("Rotation of ci-key: 2 secrets.", "  batch 1: 2 repos: acme/api, acme/web")
_FIRST: Final = "batch 1: 1 secret written in 1 repo"
_BOTH: Final = "batch 1: 2 secrets written in 2 repos"
_ONE: Final = "Done: 0 created, 1 updated, 0 deleted, 0 failed, 0 blocked."


def _left(canary: str) -> tuple[str, ...]:
    """Return how a walk stands after its first batch. canary: the options of its canary."""
    return (
        (
            f"The rotation of ci-key stands here: `flowforge rotate ci-key --batch 1,rest {canary}` goes on; `flowforge "
            "rotate ci-key --back` takes it back, once the source has the old value again."
        ),
        "1 secret may hold an older value yet:",
        "    acme/web/actions/ANTHROPIC_API_KEY",
    )


_LEFT: Final = _left("--canary canary.yml --canary-timeout 120s")
_INACCESSIBLE: Final = "Resource not accessible by personal access token"
_ENDED: Final = "The rotation of ci-key has ended."
_OVER: Final = (
    "The old key stays valid until somebody switches it off, at https://platform.claude.com/settings/keys.",
    "No secret has an older value that FlowForge knows of.",
)
_NOT_KNOWN: Final = (
    "Whether older runs are alive is not known of acme/web: no usable answer in 4 tries: it answered 500 Internal Server "
    "Error."
)
_EITHER_WAY: Final = (
    "  fix: `flowforge rotate ci-key --back` takes the rotation back, once the source has the old value again; `flowforge "
    "rotate ci-key --now` writes today's value everywhere"
)
STANDS: Final = "api: in sync; web: blocked, rotation_under_way"


def _workflow(text: str = "", ends: str = "well") -> Given:
    """Let both repos have a workflow, that of docs/canary.md unless another is given, whose dispatched runs end so."""

    def given(bench: Bench) -> None:
        (block,) = page_of(ROOT / "docs/canary.md", ROOT).blocks
        for repo in REPOS:
            bench.world.edit_file(repo, CANARY, text or block.text)
            bench.world.set_dispatched(repo, CANARY, ends)

    return given


def _refused(status: int, message: str) -> Given:
    def given(bench: Bench) -> None:
        _workflow()(bench)
        bench.fault(DISPATCH, Fault("", Kind.STATUS, status=status, message=message))

    return given


def _by_command(body: str) -> Given:
    """Let `./canary` run lines of Python."""

    def given(bench: Bench) -> None:
        script = bench.folder / "canary"
        script.write_text(
            f"#!{sys.executable}\nimport os, pathlib, signal, subprocess, sys\n{body}\n", encoding="utf-8"
        )
        script.chmod(0o755)

    return given


def _beside(bench: Bench) -> None:
    """Let the canary begin the same rotation, with what it is not given itself."""
    other = [sys.executable, "-m", "flowforge", "rotate", "ci-key", "--yes", "--batch", "rest", "--no-canary"]
    _by_command(f"sys.exit(subprocess.run({other!r}, env={dict(os.environ)!r}, capture_output=True).returncode)")(bench)


def _from_a_file(bench: Bench) -> None:
    """Let the value come from a file, which the canary gives a third one."""
    text = MANIFEST.replace("{env: ACME_KEY}", "{file: key}")
    (bench.folder / "flowforge.yaml").write_text(text, encoding="utf-8")
    new, third = bench.values["new"], bench.value("third")
    (bench.folder / "key").write_text(str(new), encoding="utf-8")
    _by_command(f"pathlib.Path('key').write_text({third!r})")(bench)


def _put_back(bench: Bench) -> None:
    (bench.folder / "key").write_text(str(bench.values["new"]), encoding="utf-8")


def _changed_when_it_stands(bench: Bench, args: tuple[str, ...]) -> Done:
    """Let the source have a third value after a red canary, and go on."""
    assert 3 == bench.run(*args).code
    bench.value("third")
    return _timeless(bench, bench.run(*args))


def _new_again(bench: Bench) -> None:
    bench.patch.setenv("ACME_KEY", str(bench.values["new"]))
    _on(bench)


def _timeless(bench: Bench, done: Done) -> Done:
    """Let what it printed have no times."""
    bench.instead |= dict.fromkeys(re.findall(r"\d{4}-\d\d-\d\dT[\d:]+Z", done.out + done.err), "TIME")
    return done


def _on(bench: Bench) -> None:
    """Go on with it."""
    assert 0 == bench.run("rotate", "ci-key", "--yes", "--batch", "rest", "--no-canary").code


def _process(bench: Bench, args: tuple[str, ...]) -> Done:
    return bench.end(bench.start(*args))


def _with_its_run(bench: Bench, args: tuple[str, ...]) -> Done:
    done = bench.run(*args)
    (run,) = bench.world.directory["acme/api"].runs
    bench.instead[str(run.id)] = "RUN"
    return done


def _usage_without_end(bench: Bench) -> None:
    """Let Anthropic know the old key, and report each hour of its use on a page of its own."""
    world, admin = bench.world, admin_key()
    world.add_anthropic_key(admin)
    bench.instead[world.add_anthropic_key(str(bench.values["old"]), name="old")] = "apikey_OLD"
    bench.environ(ADMIN, admin)
    bench.environ("FLOWFORGE_ANTHROPIC_URL", bench.sandbox.serve_anthropic())
    bench.environ("FLOWFORGE_ALLOWED_VERIFY_HOSTS", "127.0.0.1")
    world.settings.per_page = 1


def _of_old_key(bench: Bench, args: tuple[str, ...]) -> Done:
    """Name the old key by the id that Anthropic gave it."""
    number = next(number for number, word in bench.instead.items() if word == "apikey_OLD")
    return _timeless(bench, bench.run(*(number if each == "apikey_OLD" else each for each in args)))


ROWS: Final = (
    Row(
        "a canary whose run never ends",
        "rotate",
        Expected(
            (
                _FIRST,
                "dispatched canary.yml; waiting for its run, 2 min at most",
                *_COURSE,
                "canary red: acme/api: its run did not end in 2 min (https://github.com/acme/api/actions/runs/RUN)",
                _ONE,
                *_LEFT,
            ),
            3,
            WEB_OLD,
            STANDS,
        ),
        _workflow(ends="never"),
        _with_its_run,
        BY_WORKFLOW,
        repair=_on,
    ),
    Row(
        "a canary without `workflow_dispatch`",
        "rotate",
        Expected(
            (
                'error FF060: acme/api, acme/web: "canary.yml" cannot be a canary: it has no `workflow_dispatch`',
                "  fix: add `workflow_dispatch:` to its `on:`",
            ),
            1,
            BOTH_OLD,
            BOTH_CHANGED,
        ),
        _workflow("on: push\njobs: {ask: {runs-on: x, steps: [{run: echo}]}}\n"),
        more=BY_WORKFLOW,
    ),
    *(
        Row(
            f"GitHub refuses the dispatch of the canary with {status}",
            "rotate",
            Expected(
                (
                    _FIRST,
                    *_COURSE,
                    f"canary red: acme/api: the workflow could not be dispatched: {said}",
                    _ONE,
                    *_LEFT,
                ),
                3,
                WEB_OLD,
                STANDS,
            ),
            _refused(status, message),
            more=BY_WORKFLOW,
            repair=_on,
        )
        for status, message, said in (
            (403, _INACCESSIBLE, f'no permission: "{_INACCESSIBLE}"'),
            (404, "Not Found", "not found, or invisible to this token"),
            (422, "No ref found", 'GitHub refused the request with 422: "No ref found"'),
        )
    ),
    Row(
        "GitHub fails whenever the runs of a repo are listed",
        "rotate",
        Expected(
            (
                _BOTH,
                "all is written; waiting for a look at 1 repo, 6 h at most",
                *_AT_ONCE,
                UPDATED,
                _ENDED,
                _OVER[0],
                "`flowforge rotate ci-key --cancel-runs` looks again, and has GitHub cancel what is alive.",
                _NOT_KNOWN,
            ),
            3,
        ),
        lambda bench: bench.fault("^GET /repos/acme/web/actions/runs", Fault("", Kind.STATUS, FOREVER, status=500)),
        more=("ci-key", "--yes", "--batch", "rest"),
    ),
    Row(
        "killed between two batches",
        "rotate",
        Expected((_FIRST, *_COURSE), -9, WEB_OLD, STANDS),
        _by_command("os.kill(os.getppid(), signal.SIGKILL)"),
        _process,
        BY_COMMAND,
        repair=_on,
    ),
    Row(
        "the same rotation is begun a second time between two batches",
        "rotate",
        Expected(
            (
                _FIRST,
                *_COURSE,
                "canary well: acme/api: the command ended well",
                _ONE,
                'error FF909: another run walks the rotation of "ci-key" too, so that this one stops',
                "  why: the state has it further, or ended",
                "  fix: let one run go on at a time; when the other has ended, `flowforge rotate ci-key` takes it up",
                "Another run has ended the rotation of ci-key.",
            ),
            3,
        ),
        _beside,
        more=BY_COMMAND,
    ),
    Row(
        "the source changes between two batches",
        "rotate",
        Expected(
            (
                _FIRST,
                "batch 2: 1 secret written in 1 repo",
                *_COURSE,
                "canary well: acme/api: the command ended well",
                "canary well: acme/web: the command ended well",
                UPDATED,
                _ENDED,
                *_OVER,
            ),
            then=BOTH_CHANGED,
        ),
        _from_a_file,
        more=BY_COMMAND,
        repair=_put_back,
    ),
    Row(
        "the source changes while a rotation stands",
        "rotate",
        Expected(
            (
                'error FF906: the rotation of "ci-key" under way is to another value',
                "  why: its source has changed since TIME, when the rotation began",
                _EITHER_WAY,
            ),
            1,
            WEB_OLD,
            "api: blocked, rotation_under_way; web: blocked, rotation_under_way",
        ),
        _by_command("sys.exit(1)"),
        _changed_when_it_stands,
        BY_COMMAND,
        repair=_new_again,
    ),
    Row(
        "the usage of the old key has pages without end",
        "rotate",
        Expected(
            (
                "warning: credential ci-key: no key of the Admin key's organization looks like its key",
                _BOTH,
                *_AT_ONCE,
                UPDATED,
                "Every secret of ci-key that the manifest wants holds the value of its source.",
                'The old key is apikey_OLD ("old", active).',
                "It is not quiet: its usage cannot be read (a report of more than 100 pages).",
                "The same command goes on, from TIME on.",
            ),
            3,
        ),
        _usage_without_end,
        _of_old_key,
        ("ci-key", "--yes", "--batch", "rest", "--old-key", "apikey_OLD", "--quiet-for", "52w"),
    ),
)
