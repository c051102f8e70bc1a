"""The command line itself: what it answers to what it does not know, its help, and the variables that steer it."""

import json
import re
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import click
import pytest

from flowforge import __version__
from flowforge.__main__ import run
from flowforge.cli.main import Program, cli
from flowforge.cli.signals import obeyed
from flowforge.durations import WRITTEN
from flowforge.render.formats import FORMATS

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

COMMANDS = (
    *("init", "validate", "plan", "apply", "adopt", "rotate", "matrix", "post", "doctor", "audit", "status"),
    *("identity", "state", "schema", "explain", "completion", "sandbox", "demo"),
)
# How the formats of a plan are told.
CHOICES = ", ".join(f"'{each}'" for each in FORMATS if each.takes("plan"))
FILES = " or ".join(f"{each}=FILE" for each in FORMATS if each.takes("plan"))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("paln", 'error FF001: there is no command "paln"\n  fix: did you mean `flowforge plan`?\n'),
        ("xyzzy", 'error FF001: there is no command "xyzzy"\n  fix: see `flowforge --help`\n'),
        ("diff", 'error FF001: there is no command "diff"\n  fix: say `flowforge plan`\n'),
        (
            "destroy",
            (
                'error FF001: there is no command "destroy"\n'
                "  fix: name the secrets under `absent:` in the manifest, then say `flowforge apply`\n"
            ),
        ),
        (
            "import",
            (
                'error FF001: there is no command "import"\n'
                "  fix: name the secret in the manifest, then say `flowforge adopt`\n"
            ),
        ),
        (
            "plan --limti x",
            'error FF003: there is no option "--limti"\n  fix: did you mean --limit? Or see `flowforge plan --help`\n',
        ),
        ("plan --xyzzy", 'error FF003: there is no option "--xyzzy"\n  fix: see `flowforge plan --help`\n'),
        ("--xyzzy plan", 'error FF003: there is no option "--xyzzy"\n  fix: see `flowforge --help`\n'),
        (
            "plan now",
            "error FF003: Got unexpected extra argument (now)\n  fix: see `flowforge plan --help`\n",
        ),
        (
            "plan --jobs 0",
            "error FF003: --jobs: 0 is not in the range 1<=x<=100\n  fix: see `flowforge plan --help`\n",
        ),
        (
            "apply -j 101",
            "error FF003: --jobs: 101 is not in the range 1<=x<=100\n  fix: see `flowforge apply --help`\n",
        ),
        (
            "plan -j many",
            "error FF003: --jobs: 'many' is not a valid integer range\n  fix: see `flowforge plan --help`\n",
        ),
        (
            "plan --pace fast",
            (
                "error FF003: --pace: 'fast' is not one of 'gentle', 'limits', 'free'\n"
                "  fix: see `flowforge plan --help`\n"
            ),
        ),
        (
            "plan --max-wait nan",
            (
                f"error FF003: --max-wait: 'nan' is not a duration: write it {WRITTEN}\n"
                "  fix: see `flowforge plan --help`\n"
            ),
        ),
        (
            "apply --max-wait inf",
            (
                f"error FF003: --max-wait: 'inf' is not a duration: write it {WRITTEN}\n"
                "  fix: see `flowforge apply --help`\n"
            ),
        ),
        (
            "sandbox --time-scale nan",
            "error FF003: --time-scale: 'nan' is not a finite number\n  fix: see `flowforge sandbox --help`\n",
        ),
        (
            "sandbox --time-scale inf",
            "error FF003: --time-scale: 'inf' is not a finite number\n  fix: see `flowforge sandbox --help`\n",
        ),
        (
            "sandbox --latency inf",
            "error FF003: --latency: 'inf' is not a finite number\n  fix: see `flowforge sandbox --help`\n",
        ),
        (
            "validate --manifest=",
            "error FF003: --manifest: an empty path names no manifest\n  fix: see `flowforge validate --help`\n",
        ),
        (
            "plan --format xml",
            f"error FF003: --format: 'xml' is not one of {CHOICES}\n  fix: see `flowforge plan --help`\n",
        ),
        (
            "apply --allow-deletes all",
            "error FF003: --allow-deletes: 'all' is not a valid integer range\n  fix: see `flowforge apply --help`\n",
        ),
        (
            "plan --report plan.txt",
            f'error FF007: --report "plan.txt" is not FORMAT=FILE\n  fix: write it as {FILES}\n',
        ),
        (
            "plan --report pdf=plan.pdf",
            f'error FF007: --report "pdf=plan.pdf" is not FORMAT=FILE\n  fix: write it as {FILES}\n',
        ),
        (
            "apply --yes --report json=no/where.json",
            'error FF007: --report cannot write "no/where.json"\n  fix: name a file in a folder that exists\n',
        ),
        (
            "apply --yes --report json=.",
            'error FF007: --report cannot write "."\n  fix: name a file in a folder that exists\n',
        ),
        (
            "plan --limit svc-* --limit repo-001",
            (
                'error FF004: --limit "svc-*" matches no repo of the manifest or the state\n'
                "  fix: give a repo or a glob such as acme/svc-*\n"
            ),
        ),
        (
            "apply",
            (
                "error FF008: apply cannot ask for approval\n"
                "  why: stdin is not a terminal\n"
                "  fix: say --yes; plan shows first\n"
            ),
        ),
        (
            "init acme",
            'error FF009: "acme" is not a repository\n  fix: write it as owner/name\n',
        ),
    ],
)
def test_a_wrong_command_line(fleet: "Fleet", line: str, expected: str) -> None:
    """One clear error that says what to write instead, exit 1, and nothing written."""
    done = fleet.refused(*line.split())
    assert (1, "", expected) == (done.code, done.out, done.err)


def test_a_wrong_variable_is_named(fleet: "Fleet") -> None:
    """A value that came from the environment is not blamed on an option that nobody gave."""
    fleet.monkeypatch.setenv("FLOWFORGE_JOBS", "many")
    expected = "error FF003: FLOWFORGE_JOBS: 'many' is not a valid integer range\n  fix: see `flowforge plan --help`\n"
    assert (1, expected) == ((done := fleet.refused("plan")).code, done.err)


def test_an_empty_part_of_a_list_of_manifests_is_no_folder(fleet: "Fleet") -> None:
    """FLOWFORGE_MANIFEST with nothing beside its colon is refused: an empty path would read the current folder."""
    fleet.monkeypatch.setenv("FLOWFORGE_MANIFEST", "flowforge.yaml:")
    expected = "error FF003: FLOWFORGE_MANIFEST: an empty path names no manifest\n  fix: see `flowforge plan --help`\n"
    assert (1, expected) == ((done := fleet.refused("plan")).code, done.err)


def test_what_was_typed_is_made_safe(fleet: "Fleet") -> None:
    """A credential or a control character on the command line is not printed back."""
    key = "ghp_" + "c0ffee" * 6
    for line in ((key,), ("plan", f"--{key}"), ("plan", "--limit", key), ("init", key), ("plan", "--format", key)):
        done = fleet.refused(*line)
        assert (1, True) == (done.code, "ghp_[redacted]" in done.err)
        assert "c0ffee" not in done.err
    assert 'error FF001: there is no command "\\x1b[31mred"\n  fix: see `flowforge --help`\n' == (
        fleet.refused("\x1b[31mred").err
    )


def test_bare_flowforge_is_its_help(fleet: "Fleet") -> None:
    """Nothing, -h and --help print the same and exit 0: the commands in the order in which people meet them."""
    bare, short, long = (fleet.flowforge(*args) for args in ((), ("-h",), ("--help",)))
    assert bare == short == long
    assert (0, "") == (bare.code, bare.err)
    assert bare.out.startswith("Usage: flowforge [OPTIONS] ")
    listed = bare.out[bare.out.index("Commands:") :].splitlines()[1:]
    assert COMMANDS == tuple(line.split()[0] for line in listed)


def test_whoever_asked_first(fleet: "Fleet") -> None:
    """-h is known after something looked at the options in a context of its own: click keeps what it made first."""
    program = Program()
    program.get_params(click.Context(program))
    assert 0 == run(["-h"], program=program)
    assert fleet.capfd.readouterr().out.startswith("Usage: flowforge ")


@pytest.mark.parametrize("option", ["--version", "-V"])
def test_version(fleet: "Fleet", option: str) -> None:
    """The version is one line."""
    assert (0, f"flowforge {__version__}\n", "") == tuple(vars(fleet.flowforge(option)).values())


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_every_command(fleet: "Fleet", name: str) -> None:
    """Every command explains itself and each of its options, in lines that fit a terminal."""
    done = fleet.flowforge(name, "--help")
    assert (0, "", True) == (done.code, done.err, done.out.startswith(f"Usage: flowforge {name} [OPTIONS]"))
    assert fleet.flowforge(name, "-h") == done
    assert max(map(len, done.lines)) <= 100
    with click.Context(cli) as context:
        command = cli.get_command(context, name)
        assert cli.get_command(context, f"{name}s") is None
    assert command
    for option in command.params:
        if isinstance(option, click.Option):
            assert option.help, option.name
            assert max(option.opts, key=len) in done.out


def test_variables_are_named_in_the_help_and_brakes_have_none(fleet: "Fleet") -> None:
    """Each option of apply that may be set for good names its variable; what admits a danger has none."""
    shown = fleet.flowforge("apply", "--help").out
    assert {
        *(
            "FLOWFORGE_AUDIT",
            "FLOWFORGE_CHECK",
            "FLOWFORGE_CONFIRM",
            "FLOWFORGE_DETAILED_EXITCODE",
            "FLOWFORGE_KEEP_GOING",
            "FLOWFORGE_REPORT",
            "FLOWFORGE_REQUIRE_VALUES",
            "FLOWFORGE_VERIFY",
        ),
        *("FLOWFORGE_EXCLUDE", "FLOWFORGE_FORMAT", "FLOWFORGE_JOBS", "FLOWFORGE_LIMIT", "FLOWFORGE_MANIFEST"),
        "FLOWFORGE_OWNER",
        *(
            "FLOWFORGE_MAX_WAIT",
            "FLOWFORGE_NO_CACHE",
            "FLOWFORGE_NO_COLOR",
            "FLOWFORGE_QUIET",
            "FLOWFORGE_SKIP_VALUES",
            "FLOWFORGE_TAGS",
        ),
        *("FLOWFORGE_LOCK_TIMEOUT", "FLOWFORGE_PACE", "FLOWFORGE_VERBOSE"),
    } == set(re.findall(r"FLOWFORGE_[A-Z_]+", shown))


def test_variables_steer_as_their_options_do(fleet: "Fleet") -> None:
    """FLOWFORGE_MANIFEST, _LIMIT, _EXCLUDE, _FORMAT and _SKIP_VALUES; an option on the command line wins."""
    (fleet.folder / "flowforge.yaml").rename(fleet.folder / "ops.yaml")
    for name, text in {
        "MANIFEST": "ops.yaml",
        "LIMIT": "repo-001 acme/repo-00[23]",
        "EXCLUDE": "*-002",
        "FORMAT": "json",
        "SKIP_VALUES": "1",
    }.items():
        fleet.monkeypatch.setenv(f"FLOWFORGE_{name}", text)
    changes = json.loads(fleet.flowforge("plan").out)["changes"]
    expected = {"acme/repo-001": False, "acme/repo-003": False}
    assert expected == {change["repo"]: change["applicable"] for change in changes}
    shown = fleet.flowforge("plan", "--format", "text", "--limit", "repo-005").lines
    assert "+ acme/repo-005  ANTHROPIC_API_KEY  ci-key  missing; cannot be applied without its value" in shown
    assert 1 == sum(line.startswith("+") for line in shown)


def test_quiet_and_verbose(fleet: "Fleet") -> None:
    """-q leaves warnings and progress out; -v shows what is in sync too."""
    fleet.simple(more="absent:\n  - {name: Gone, repos: [acme/repo-001], secret: CLAUDE_CODE_OAUTH_TOKEN}\n")
    text = (fleet.folder / "flowforge.yaml").read_text(encoding="utf-8")
    fleet.manifest(text.replace("credentials:\n", "credentials:\n  spare: {type: anthropic_api_key, from: {env: S}}\n"))
    warning = 'warning: flowforge.yaml:3:3: no target uses the credential "spare"\n'
    assert warning == fleet.flowforge("plan").err
    assert "" == fleet.flowforge("plan", "-q").err
    assert 0 == fleet.flowforge("apply", "--yes").code
    assert "No changes. GitHub matches the manifest.\n" == fleet.flowforge("plan").out
    verbose = fleet.flowforge("plan", "-v").lines
    assert "= acme/repo-001  CLAUDE_CODE_OAUTH_TOKEN          already absent" in verbose
    assert 5 == sum(line.endswith("  ci-key  in sync") for line in verbose)


@pytest.mark.parametrize("command", ["plan", "plan --offline", "plan --list-repos", "apply --yes", "adopt --yes"])
def test_a_misspelt_exclude_is_refused(fleet: "Fleet", command: str) -> None:
    """Nothing is planned or written: what was to be left alone would be among it. Each slip is named."""
    (fleet.folder / "repos.txt").write_text("repo-001\nacme/repo-0003\nnobody/nothing\n", encoding="utf-8")
    done = fleet.refused(
        *command.split(), *("--exclude", "repo-01", "--exclude", "repo-002", "--exclude", "@repos.txt")
    )
    assert (1, "") == (done.code, done.out)
    assert done.err == (
        'error FF004: --exclude "repo-01" matches no repo of the manifest or the state\n'
        '  fix: did you mean "acme/repo-001"?\n'
        'error FF004: these lines of "@repos.txt" match no repo of the manifest or the state: '
        '"acme/repo-0003", "nobody/nothing"\n'
        '  fix: did you mean "acme/repo-003"?\n'
    )


def test_no_home(fleet: "Fleet") -> None:
    """Without HOME, and where the cache cannot be written, everything works; a path below ~ says what it misses."""
    fleet.monkeypatch.delenv("HOME")
    fleet.monkeypatch.setenv("FLOWFORGE_CACHE_DIR", "/dev/null/cache")
    assert (0, "") == ((done := fleet.flowforge("apply", "--yes")).code, done.told)
    text = (fleet.folder / "flowforge.yaml").read_text(encoding="utf-8")
    fleet.manifest(text.replace("{env: ACME_KEY}", '{file: "~/key.txt"}'))
    expected = (
        'error FF230: credential "ci-key": value not available: file ~/key.txt cannot be found: HOME is unset; nothing '
        "was written\n"
        "  fix: set HOME, or write the path without ~; --keep-going writes the secrets that need other values\n"
    )
    assert (1, expected) == ((done := fleet.refused("apply", "--yes")).code, done.err)


def test_a_bug_is_said_to_be_one(fleet: "Fleet") -> None:
    """An exception that we cannot explain shows its type; with -v the way to it, and never its text."""
    text = "c0ff" + "ee"

    def broken(*_: object, **__: object) -> None:
        raise LookupError(text)

    fleet.parts["clock"] = broken
    expected = "error FF099: a bug in FlowForge: LookupError\n  fix: run it again with -v and report what it prints\n"
    assert (1, "", expected) == tuple(vars(fleet.refused("plan")).values())
    verbose = fleet.refused("plan", "-v").err
    assert verbose.endswith("\nerror FF099: a bug in FlowForge: LookupError\n  fix: please report it\n")
    assert "flowforge/steps/session.py" in verbose
    assert text not in verbose


@pytest.mark.parametrize("kind", [LookupError, SystemExit, GeneratorExit], ids=lambda kind: kind.__name__)
def test_a_bug_is_json_too(fleet: "Fleet", kind: type[BaseException]) -> None:
    """Whatever it is, even what would end the process as if all were well, is an error, in JSON and in the reports."""

    def broken(*_: object, **__: object) -> None:
        raise kind(0)

    fleet.parts["clock"] = broken
    done = fleet.refused("plan", "--format", "json", "--report", "json=report.json")
    document = json.loads(done.out)
    said = {"code": "FF099", "what": f"a bug in FlowForge: {kind.__name__}", "where": None, "why": None}
    assert (1, 1, [said | {"fix": "report it, with what -v prints"}]) == (
        done.code,
        document["exit_code"],
        document["errors"],
    )
    assert done.out == (fleet.folder / "report.json").read_text(encoding="utf-8")


def test_a_shell_may_ask_to_complete_a_line(fleet: "Fleet") -> None:
    """What click does then ends the process by itself, and is no bug."""
    fleet.monkeypatch.setenv("_FLOWFORGE_COMPLETE", "bash_source")
    with pytest.raises(SystemExit) as ended:
        fleet.flowforge()
    assert ended.value.code in {0, None}


def test_windows_is_told_so(fleet: "Fleet") -> None:
    """On Windows the answer is a clear no."""
    fleet.platform = "win32"
    expected = (
        "error FF002: FlowForge runs on Linux and macOS only\n  fix: use it under WSL, in a container, or in CI\n"
    )
    assert (1, "", expected) == tuple(vars(fleet.flowforge("--version")).values())


def test_a_system_without_hangups_gets_as_far_as_that() -> None:
    """Windows has no SIGHUP, and `main` sets its handlers before it says so."""
    assert (signal.SIGINT, signal.SIGTERM) == obeyed(SimpleNamespace())
    assert signal.SIGHUP in obeyed(SimpleNamespace(SIGHUP=signal.SIGHUP, getsignal=lambda _: signal.SIG_DFL))


def test_the_process_exits_with_the_code(fleet: "Fleet") -> None:
    """`main`, which the installed script calls, takes the process's arguments and exits; SIGTERM is a Ctrl-C in it."""
    del fleet
    script = (
        "import signal\nfrom flowforge.__main__ import main\n"
        "try:\n    main()\nfinally:\n    print(signal.getsignal(signal.SIGTERM).__name__)\n"
    )
    command = [sys.executable, "-c", script, "plan", "-m", "nowhere.yaml"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (1, "default_int_handler\n", True) == (done.returncode, done.stdout, done.stderr.startswith("error FF101: "))


def test_the_sandbox_checks_its_options(fleet: "Fleet", tmp_path: Path) -> None:
    """The sandbox's own wrong options are told in the same form."""
    taken = f"{fleet.sandbox.url.rpartition(':')[2]}"
    assert (
        f"error FF040: the sandbox cannot listen on port {taken}\n"
        "  why: Address already in use\n"
        "  fix: choose another --port\n"
    ) == fleet.flowforge("sandbox", "--port", taken).err
    assert (
        "error FF003: --owner: letters, digits and single hyphens only\n  fix: see `flowforge sandbox --help`\n"
        == fleet.flowforge("sandbox", "--owner", "no spaces").err
    )
    ready = tmp_path / "no" / "ready.json"
    assert fleet.flowforge("sandbox", "--ready-file", str(ready)).err.startswith("error FF042: the ready file ")


def test_a_help_has_parts(fleet: "Fleet") -> None:
    """What to plan, the brakes and the output stand apart; a command that has none of one leaves it out."""
    parts = {name: re.findall(r"^(\S.*):$", fleet.flowforge(name, "--help").out, re.MULTILINE) for name in COMMANDS}
    whole = ["Options", "What to plan", "Brakes", "Output"]
    assert {"plan": whole, "apply": whole, "adopt": ["Options", "What to plan", "Output"], "init": ["Options"]} == {
        name: parts[name] for name in ("plan", "apply", "adopt", "init")
    }
    brakes = fleet.flowforge("apply", "--help").out.partition("\nBrakes:\n")[2].partition("\n\n")[0]
    assert [] == [line for line in brakes.splitlines() if line.strip().startswith("--") and "[env var" in line]
