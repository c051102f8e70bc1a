"""`flowforge sandbox`, as a process: what it prints, its ready file, how it ends."""

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import dropwhile, islice
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from flowforge.cli.main import cli
from flowforge.errors import UsageError
from tests.app_keys import app_key, assertion, pem

START = "import sys; from flowforge.__main__ import run; sys.exit(run(['sandbox', *sys.argv[1:]]))"
Started = tuple[subprocess.Popen[str], dict[str, object]]


@pytest.fixture
def started(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Started]:
    """Start the command in a folder of its own; give the process and what its ready file says."""
    args = [sys.executable, "-c", START, "--ready-file", "ready.json", *request.param]
    with subprocess.Popen(args, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        ready, deadline = tmp_path / "ready.json", time.monotonic() + 60
        while not ready.exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        yield process, json.loads(ready.read_text())
        process.kill()


SOCKET = ["--socket", "gh.sock"]
CHANGES = "# Change it behind the back of FlowForge: flowforge sandbox do --help"
PASTE = "# Paste the lines below where you work. The key is made up, and works nowhere:"
# What is the same at the end of each.
ALIKE = [
    "export ACME_ANTHROPIC_KEY=KEY",
    "export FLOWFORGE_ANTHROPIC_URL=http://127.0.0.1:PORT",
    "export FLOWFORGE_ALLOWED_VERIFY_HOSTS=127.0.0.1",
]


def _ended(process: "subprocess.Popen[str]", ending: signal.Signals = signal.SIGTERM) -> tuple[str, str]:
    """Send a signal once all was printed, which the ready file comes before; return stdout and stderr."""
    assert process.stdout is not None
    printed = ""
    while ALIKE[-1] not in printed and (line := process.stdout.readline()):
        printed += line
    process.send_signal(ending)
    stdout, stderr = process.communicate(timeout=60)
    return printed + stdout, stderr


def _settled(line: str) -> str:
    """Return a line without what is another one at each start."""
    line = re.sub(r"sk-ant-api03-made-up-by-the-sandbox-[0-9a-f]{70}AA$", "KEY", line)
    return re.sub(r"(?<=:)\d+$", "PORT", line) if "ANTHROPIC_URL" in line else line


@pytest.mark.parametrize(
    "started", [[*SOCKET, "--repos", "7", "--owner", "umbrella", "--time-scale", "60"]], indirect=True
)
@pytest.mark.usefixtures("covered")
@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_story(started: Started, tmp_path: Path, ending: signal.Signals) -> None:
    """It serves what was asked for, says how to reach it, and ends with 0, leaving neither socket nor ready file."""
    process, ready = started
    header = {"authorization": f"token {ready['token']}"}
    answer = httpx.get(f"{ready['url']}/orgs/umbrella/repos?sort=full_name", headers=header)
    mode = (tmp_path / "ready.json").stat().st_mode & 0o777
    stdout, stderr = _ended(process, ending)
    assert (answer.json()[6]["full_name"], len(answer.json()), mode) == ("umbrella/repo-007", 7, 0o600)
    assert (process.returncode, stderr, list(tmp_path.iterdir()), ready["pid"]) == (0, "", [], process.pid)
    assert [
        "# A local GitHub with 7 repositories, umbrella/repo-001 and so on. Ctrl-C ends it, and nothing stays.",
        CHANGES,
        PASTE,
        f"export GITHUB_API_URL={ready['url']}",
        f"export FLOWFORGE_GITHUB_TOKEN={ready['token']}",
        "export FLOWFORGE_TIME_SCALE=60",
        'export GH_CONFIG_DIR="$(mktemp -d)"',
        f"export GH_TOKEN={ready['token']}",
        f"gh config set http_unix_socket {tmp_path / 'gh.sock'}",
        *ALIKE,
    ] == [_settled(line) for line in stdout.splitlines()]


@pytest.mark.parametrize("started", [["--no-limits", "--latency", "1", "--token", "it's mine"]], indirect=True)
def test_plain(started: Started) -> None:
    """Without a socket there is no line for gh; a token of one's own is quoted for the shell; limits can be off."""
    process, ready = started
    header = {"authorization": f"token {ready['token']}"}
    answers = [httpx.get(f"{ready['url']}/orgs/acme/repos", headers=header) for _ in range(2)]
    stdout, _ = _ended(process)
    assert (len(answers[1].json()), answers[1].headers["x-ratelimit-remaining"]) == (25, "5000")
    assert (ready["socket"], ready["token"], process.returncode) == (None, "it's mine", 0)
    assert [_settled(line) for line in stdout.splitlines()][1:] == [
        CHANGES,
        PASTE,
        f"export GITHUB_API_URL={ready['url']}",
        "export FLOWFORGE_GITHUB_TOKEN='it'\"'\"'s mine'",
        *ALIKE,
    ]


@pytest.mark.parametrize("started", [SOCKET], indirect=True)
def test_its_notes_start_nothing(started: Started) -> None:
    """No note has what a shell would act upon that takes no comments at its prompt; all to be pasted stands below."""
    process, _ = started
    stdout, _ = _ended(process)
    above, pasted = stdout.split(f"{PASTE}\n")
    notes = [*above.splitlines(), PASTE]
    assert all(line.startswith("# ") and not set("`$;&|<>()'\\!") & set(line) for line in notes), notes
    assert all(line.startswith(("export ", "gh config set ")) for line in pasted.splitlines()), pasted


def test_without_ready_file() -> None:
    """Without a ready file the printed lines are enough to reach it."""
    with subprocess.Popen([sys.executable, "-c", START], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = iter(process.stdout.readline, "")
        pasted = islice(dropwhile(lambda line: not line.startswith("export "), lines), len(ALIKE) + 2)
        exports = dict(line.removeprefix("export ").rstrip().split("=", 1) for line in pasted)
        url, token = exports["GITHUB_API_URL"], exports["FLOWFORGE_GITHUB_TOKEN"]
        answer = httpx.get(f"{url}/user", headers={"authorization": f"token {token}"})
        process.terminate()
        assert (answer.status_code, process.wait(timeout=60)) == (200, 0)


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["--owner", "a b"], "Invalid value for '--owner': letters, digits and single hyphens only"),
        (["--repos", "-1"], "Invalid value for '--repos'"),
        (["--time-scale", "0"], "Invalid value for '--time-scale'"),
        (["--port", "70000"], "Invalid value for '--port'"),
    ],
)
def test_bad_options(args: list[str], says: str) -> None:
    """An option that makes no sense is refused before anything listens."""
    done = CliRunner().invoke(cli, ["sandbox", *args])
    assert (done.exit_code, says in done.output) == (2, True)


def test_ready_file_cannot_be_written(tmp_path: Path) -> None:
    """A ready file that cannot be written ends the command with an error that names it."""
    path = tmp_path / "none" / "ready.json"
    done = CliRunner().invoke(cli, ["sandbox", "--repos", "0", "--ready-file", str(path)])
    assert isinstance(done.exception, UsageError)
    assert str(done.exception).splitlines()[1:] == [
        "  why: No such file or directory",
        "  fix: choose another --ready-file",
    ]


def test_an_app(tmp_path: Path) -> None:
    """With a key it has an App at its owner, as the ready file and the printed lines say, and shows none of the key."""
    key, ready = tmp_path / "app.pem", tmp_path / "ready.json"
    key.write_text(pem(app_key()), encoding="ascii")
    args = ["--repos", "0", "--owner", "umbrella", "--app-key", "app.pem", "--ready-file", "ready.json"]
    with subprocess.Popen(
        [sys.executable, "-c", START, *args], cwd=tmp_path, stdout=subprocess.PIPE, text=True
    ) as process:
        deadline = time.monotonic() + 60
        while not ready.exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        said = json.loads(ready.read_text(encoding="utf-8"))
        header = {"authorization": f"Bearer {assertion(said['app']['client_id'], time.time())}"}
        found = httpx.get(f"{said['url']}/orgs/umbrella/installation", headers=header).json()
        process.terminate()
        stdout, _ = process.communicate(timeout=60)
    number, client = said["app"]["id"], said["app"]["client_id"]
    assert (number, client, "all") == (found["app_id"], found["client_id"], found["repository_selection"])
    assert [
        f"# A manifest may sign in as the GitHub App flowforge, id {number}, which is installed at umbrella:",
        f'# github: {{auth: {{app: {{client_id: {client}, private_key: {{file: "{key}"}}}}}}}}',
    ] == stdout.splitlines()[1:3]
    assert [] == [line for line in key.read_text(encoding="ascii").splitlines()[1:-1] if line in stdout + str(said)]
