"""`flowforge sandbox do`: every verb of the one table, from a command line, on a sandbox that runs."""

import inspect
import json
import re
import shlex
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from flowforge.__main__ import run
from flowforge.cli.sandbox.arguments import read_arguments
from flowforge.errors import UsageError
from flowforge.sandbox import Sandbox
from flowforge.sandbox.http.control import Control
from flowforge.sandbox.world.edit_actions import ActionsVerbs
from flowforge.sandbox.world.edit_anthropic import AnthropicVerbs
from flowforge.sandbox.world.edit_apps import AppVerbs
from flowforge.sandbox.world.edit_files import FileVerbs
from flowforge.sandbox.world.edit_issues import IssueVerbs
from flowforge.sandbox.world.edit_organizations import OrganizationVerbs
from flowforge.sandbox.world.edit_repos import RepositoryVerbs
from flowforge.sandbox.world.edit_runs import RunVerbs
from flowforge.sandbox.world.edit_secrets import SecretVerbs
from flowforge.sandbox_verbs import GROUPS, VERBS
from tests.app_keys import app_key, pem

Done = tuple[int, str, str]
Do = Callable[..., Done]
ROOMS: Final = (
    RepositoryVerbs,
    OrganizationVerbs,
    SecretVerbs,
    FileVerbs,
    AppVerbs,
    IssueVerbs,
    ActionsVerbs,
    RunVerbs,
    AnthropicVerbs,
)
# What Python takes for each kind of the table.
KINDS: Final = {
    "TEXT": {"str", "str | None", "str | list[str] | None"},
    "N": {"int", "int | None"},
    "SECONDS": {"float", "float | None"},
    "BOOL": {"bool", "bool | None"},
    "LIST": {"list[str]", "list[str] | None"},
    "MAP": {"dict[str, str] | None"},
    "JSON": {"dict[str, object] | None", "list[dict[str, object]] | None"},
}


@pytest.fixture
def do(sandbox: Sandbox, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Do:
    """Return a function that does a verb from the command line, as a shell would that ran the printed lines."""
    monkeypatch.setenv("GITHUB_API_URL", sandbox.url)
    monkeypatch.setenv("FLOWFORGE_GITHUB_TOKEN", sandbox.token)
    monkeypatch.chdir(tmp_path)

    def done(*args: str) -> Done:
        capfd.readouterr()
        code = run(["sandbox", "do", *args])
        return code, *capfd.readouterr()

    return done


def shown(hint: object) -> str:
    """Return a type as it is written."""
    return hint.__name__ if isinstance(hint, type) else str(hint)


def test_the_table_has_every_verb_with_what_it_takes(sandbox: Sandbox) -> None:
    """Each public method of the rooms of verbs has its row, and each row the arguments and types of its method."""
    verbs = Control(sandbox.world, sandbox.token)._verbs
    methods = {name for room in ROOMS for name in vars(room) if not name.startswith("_")}
    assert set() == methods - VERBS.keys()
    for name, row in VERBS.items():
        taken = inspect.signature(verbs[name]).parameters.values()
        assert [(each.name, each.default is each.empty) for each in taken] == [
            (each.name, each.needed) for each in row.arguments.values()
        ], name
        assert all(shown(each.annotation) in KINDS[row.arguments[each.name].kind] for each in taken), name
        left = re.sub(r"\[?[a-z_]+=(?:TEXT|N|SECONDS|BOOL|LIST|MAP|JSON)\]?", "", row.takes)
        assert ("", True) == (left.strip(), row.does.endswith(".")), name
    assert len(VERBS) == sum(map(len, GROUPS.values()))


def test_the_help_says_every_verb(do: Do) -> None:
    """Its name, its arguments and its sentence, by group."""
    code, out, _ = do("--help")
    words = " ".join(out.split())
    missing = [row.name for row in VERBS.values() if f"{row.name} {row.does}" not in words or row.takes not in words]
    assert (0, [], list(GROUPS)) == (code, missing, [each for each in GROUPS if f"\n{each}:\n" in out])


PAGE: Final = Path(__file__).parents[2] / "docs/sandbox.md"


def test_the_page_shows_what_is_printed(do: Do, sandbox: Sandbox) -> None:
    """Each line of docs/sandbox.md that does a verb is done, in their order, and prints what stands below it."""
    for name in ("repo-001", "repo-002"):
        sandbox.world.set_secret(f"acme/{name}", "ANTHROPIC_API_KEY", "made up")
    blocks = re.findall(r"```console\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    steps = [step for block in blocks for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]]
    ours = [step.partition("\n") for step in steps if step.startswith("flowforge sandbox do ")]
    assert len(ours) >= 10
    for command, _, printed in ours:
        code, out, said = do(*shlex.split(command)[3:])
        assert (0, printed, "") == (code, out, said), command


def test_a_day_of_a_fleet_by_hand(do: Do, sandbox: Sandbox) -> None:
    """Drift, a rename, a transfer to a second organization, topics, a team, a property: each is in the world after."""
    steps = [
        ("create_org", "login=zoo"),
        ("create_repo", "full_name=zoo/lions", "topics=claude,big-cats", "private=false"),
        ("rename_repo", "full_name=acme/repo-001", "new_name=acme/api"),
        ("rename_repo", "full_name=acme/repo-002", "new_name=zoo/web"),
        ("set_topics", "full_name=acme/api", "topics="),
        ("create_team", "org=zoo", "name=Night Shift", "repos=lions,web"),
        ("define_property", "org=zoo", "name=tier", "value_type=multi_select", "allowed=a,b"),
        ("set_property", "full_name=zoo/web", "name=tier", 'value:=["a"]'),
        ("set_secret", "full_name=acme/api", "name=key", "value=by hand = drift"),
    ]
    printed = [do(*step) for step in steps]
    lions = sandbox.world.directory["zoo/lions"]
    expected = ["", f"{lions.id}\n", "", "", "", "night-shift\n", "", "", ""]
    assert [(0, out, "") for out in expected] == printed
    assert ({"KEY": "by hand = drift"}, ("claude", "big-cats"), {lions.id, sandbox.world.directory["zoo/web"].id}) == (
        sandbox.world.reveal("acme/api"),
        lions.topics,
        lions.owner.teams["night-shift"].repos,
    )
    assert (0, '{\n  "tier": [\n    "a"\n  ]\n}\n', "") == do("properties", "full_name=zoo/web")


def test_files_maps_and_json(do: Do, sandbox: Sandbox, tmp_path: Path) -> None:
    """A text may come from a file, a mapping is written short, a fault does another verb; a text is printed as is."""
    (tmp_path / "app.pem").write_text(pem(app_key()), "ascii")
    (tmp_path / "README.md").write_text("# 名前\n\nsecond\n", "utf-8")
    assert 0 == do("create_app", "slug=ci", "key=@app.pem", "permissions=secrets:read,issues:write")[0]
    assert 0 == do("install_app", "slug=ci", "owner=acme")[0]
    assert 0 == do("edit_file", "full_name=acme/repo-001", "path=README.md", "text=@README.md")[0]
    assert (0, "# 名前\n\nsecond\n", "") == do("read_file", "full_name=acme/repo-001", "path=README.md")
    gone = json.dumps({"full_name": "acme/repo-003"})
    assert 0 == do("add_fault", "match=^GET", "kind=then", "verb=delete_repo", f"arguments={gone}", "after=1")[0]
    fault = sandbox.world.faults.waiting[0]
    fault.then()
    assert (1, ["acme/repo-001", "acme/repo-002"]) == (
        fault.after,
        [repo.full_name for repo in sandbox.world.directory],
    )


def test_issues_and_comments(do: Do, sandbox: Sandbox) -> None:
    """A pull request and its conversation are played by hand, and what others would see is printed."""
    assert (0, "1\n", "") == do("open_pull", "full_name=acme/repo-001", "branch=topic", "sha=" + "ab" * 20)
    assert 0 == do("add_comment", "full_name=acme/repo-001", "number=1", "body=::error::x\n@everyone", "author=eve")[0]
    code, out, _ = do("comments", "full_name=acme/repo-001", "number=1")
    assert (0, [("eve", "::error::x\n@everyone")]) == (
        code,
        [(each["author"], each["body"]) for each in json.loads(out)],
    )
    none, *_ = do("read_comment", "full_name=acme/repo-002", "number=1")
    assert 0 == do("add_comment", "full_name=acme/repo-001", "number=1", "body=# newest\n名前")[0]
    assert (1, (0, "# newest\n名前\n", "")) == (none, do("read_comment", "full_name=acme/repo-001", "number=1"))
    assert 0 == do("open_issue", "full_name=acme/repo-002", "title=Drift", 'body:="@looks like a file"')[0]
    assert ["@looks like a file"] == [each["body"] for each in sandbox.world.issues("acme/repo-002")]


CANNOT: Final = "error FF043: the sandbox cannot do {0} with these arguments\n  why: {1}\n  fix: say {2}\n"


@pytest.mark.parametrize(
    ("args", "why"),
    [
        (("rename_repo", "full_name=acme/x"), "it needs new_name"),
        (("rename_repo",), "it needs full_name and new_name"),
        (("rename_repo", "acme/x"), '"acme/x" is not key=value'),
        (("rename_repo", "=x"), '"=x" is not key=value'),
        (("rename_repo", "fullname=acme/x"), 'it takes no "fullname"; did you mean full_name?'),
        (("rename_repo", "::error::x=1"), '"\\u003a:error::x=1" is not key=value'),
        (("rename_repo", "zz=1"), 'it takes no "zz"'),
        (("rename_repo", "full_name=a/b", "full_name=a/c"), "full_name is given twice"),
        (("create_repos", "owner=acme", "count=three"), "count is written like count=3"),
        (("archive_repo", "full_name=a/b", "archived=yes"), "archived is written like archived=true"),
        (("advance", "seconds=inf"), "seconds is written like seconds=1.5"),
        (("settings", "latency=nan"), "latency is written like latency=1.5"),
        (
            ("add_token", "text=x", "permissions=secrets"),
            "permissions is written like permissions=secrets:read,issues:write",
        ),
        (
            ("add_fault", "match=x", "kind=then", "arguments=x"),
            'arguments is written like arguments=\'{"full_name": "acme/api"}\'',
        ),
        (("set_topics", "full_name=a/b", "topics:=[1"), "topics is written like topics:='\"text\"'"),
        (("set_topics", "full_name=a/b", "topics:=" + "[" * 100_000), "topics is written like topics:='\"text\"'"),
        (("create_app", "slug=x", "key=@none"), "the file of key cannot be read: no such file or directory"),
        (("create_app", "slug=x", "key=@."), "the file of key cannot be read: it is a directory, not a regular file"),
    ],
)
def test_what_an_argument_cannot_be(do: Do, sandbox: Sandbox, args: tuple[str, ...], why: str) -> None:
    """One error that says how the verb is written, before anything is asked of the sandbox."""
    assert (1, "", CANNOT.format(args[0], why, VERBS[args[0]].usage)) == do(*args)
    assert {} == sandbox.world.stats().requests


def test_a_file_that_is_no_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said to be none, and not shown."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "latin").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="the file of text cannot be read: it is no text in UTF-8"):
        read_arguments(VERBS["edit_file"], ["text=@latin"])


@pytest.mark.parametrize(
    ("args", "why"),
    [
        (("rename_repo", "full_name=acme/none", "new_name=a/b"), "There is no acme/none."),
        (("create_repo", "full_name=acme/repo-001"), "a repository has that name already"),
        (("create_repos", "owner=acme", "count:=true"), "count has the wrong type"),
    ],
)
def test_what_the_sandbox_refuses(do: Do, args: tuple[str, ...], why: str) -> None:
    """Its own sentence is shown, with how the verb is written."""
    said = f"error FF046: the sandbox did not do {args[0]}\n  why: {why}\n  fix: say {VERBS[args[0]].usage}\n"
    assert (1, "", said) == do(*args)


def test_a_slip(do: Do) -> None:
    """A verb that there is not is answered with the nearest; without one the usage is said."""
    near = 'error FF001: there is no command "rename"\n  fix: did you mean `flowforge sandbox do rename_repo`?\n'
    assert (1, "", near) == do("rename")
    assert (1, True) == ((none := do())[0], "Missing argument 'VERB'" in none[2])
    assert 'there is no command "dо"' in run_sandbox("dо")[2]  # noqa: RUF001 -- a letter of another alphabet


def run_sandbox(*args: str) -> Done:
    """Run `flowforge sandbox` with words that keep it from starting."""
    program = "import sys; from flowforge.__main__ import run; sys.exit(run(['sandbox', *sys.argv[1:]]))"
    done = subprocess.run([sys.executable, "-c", program, *args], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def test_options_of_the_sandbox_are_not_for_its_verbs() -> None:
    """`--repos 3 do log` would look as if it had started one."""
    said = "error FF003: flowforge sandbox takes its options alone, without do\n  fix: see `flowforge sandbox --help`\n"
    assert (1, "", said) == run_sandbox("--repos", "3", "do", "log")


NAMED: Final = "error FF044: no sandbox is named by {0}\n  why: {1}\n"
WHERE: Final = "  fix: run the lines that `flowforge sandbox` prints, or name its --ready-file\n"
ALONE: Final = "a sandbox listens on this machine alone, by plain HTTP"


@pytest.mark.parametrize(
    "url", ["https://api.github.com", "http://192.0.2.7:80", "https://127.0.0.1:1", "http://[", "x"]
)
def test_only_a_sandbox_is_asked(do: Do, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """The token of the environment may be the real GitHub's: it goes to nobody but this machine."""
    monkeypatch.setenv("GITHUB_API_URL", url)
    assert (1, "", NAMED.format("GITHUB_API_URL", ALONE) + WHERE) == do("log")
    monkeypatch.delenv("GITHUB_API_URL")
    unset = NAMED.format("GITHUB_API_URL and FLOWFORGE_GITHUB_TOKEN", "one of them is not set") + WHERE
    assert (1, "", unset) == do("log")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (None, "no such file or directory"),
        ("", "it is no ready file"),
        ("[]", "it is no ready file"),
        ('{"url": "http://127.0.0.1:1"}', "it is no ready file"),
        ("[" * 100_000, "it is no ready file"),
    ],
)
def test_a_ready_file_that_is_none(do: Do, tmp_path: Path, text: str | None, why: str) -> None:
    """Each is one error, which names the file."""
    if text is not None:
        (tmp_path / "ready.json").write_text(text, "utf-8")
    assert (1, "", NAMED.format('the ready file "ready.json"', why) + WHERE) == do("--ready-file", "ready.json", "log")


def test_the_ready_file_stands_in_for_the_variables(
    do: Do, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It counts though the variables name another one; a header of two lines is sent to nobody."""
    monkeypatch.setenv("GITHUB_API_URL", "http://127.0.0.1:1")
    ready = {"url": sandbox.url, "token": sandbox.token}
    (tmp_path / "ready.json").write_text(json.dumps(ready), "utf-8")
    assert (0, "[]\n", "") == do("--ready-file", "ready.json", "log")
    (tmp_path / "ready.json").write_text(json.dumps({**ready, "token": "a\r\nX: b"}), "utf-8")
    assert (1, "", NAMED.format("the ready file", ALONE) + WHERE) == do("--ready-file", "ready.json", "log")


def test_another_token(do: Do, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever rehearses with a token of less learns that the sandbox's own is needed."""
    monkeypatch.setenv("FLOWFORGE_GITHUB_TOKEN", "another")
    code, _, said = do("log")
    assert (1, "  why: The control surface needs the sandbox's own token.") == (code, said.splitlines()[1])


def test_nobody_and_somebody_else(do: Do, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing listens, and where something answers that is no sandbox, it says so."""
    said = "error FF045: no sandbox answers at {0}\n  why: {1}\n"
    fix = "  fix: start `flowforge sandbox`, and run the lines it prints\n"
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        monkeypatch.setenv("GITHUB_API_URL", url)
        program = "import socket, sys; c, _ = socket.socket(fileno=int(sys.argv[1])).accept()"
        # What is asked is read first: a connection that is closed on unread bytes is reset.
        program += "; c.recv(65536); c.sendall(b'hello')"
        number = server.fileno()
        with subprocess.Popen([sys.executable, "-c", program, str(number)], pass_fds=[number]):
            assert (1, "", said.format(url, "what answers there is no sandbox") + fix) == do("log")
    assert (1, "", said.format(url, "connection refused") + fix) == do("log")
