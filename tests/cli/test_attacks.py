"""A manifest is code, and GitHub's answers are input: each attack through them, and that it gets nothing."""

import json
import os
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from flowforge.sandbox import Fault, FaultKind, Sandbox
from flowforge.sandbox.rules.answers import ApiAnswer, ApiRequest

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

STRAYED = (
    "error FF311: GITHUB_API_URL: an answer of 127.0.0.1 points to another host\n"
    "  why: no token goes there, and GitHub never sends one there\n"
    "  fix: check that GITHUB_API_URL is your GitHub's, and what stands between it and this machine\n"
)
COMMANDS = (("plan",), ("apply", "--yes"), ("validate",))


@dataclass(slots=True)
class Elsewhere(Fault):
    """An answer that leads to `url`: by `Location` with a status of 300 and more, else by a `Link` to the next page."""

    url: str = ""

    def instead(self, pause: Callable[[float], None]) -> ApiAnswer | None:
        """Redirect."""
        del pause
        moved = {"message": "Moved Permanently", "url": self.url}
        return ApiAnswer(self.status, moved, {"location": self.url}) if self.status >= 300 else None

    def spoil(self, answer: ApiAnswer, request: ApiRequest) -> None:
        """Say that the list goes on there."""
        del request
        answer.headers["link"] = f'<{self.url}>; rel="next"'


@pytest.fixture
def elsewhere() -> Iterator[Sandbox]:
    """Serve the attacker's host: it takes any request, and remembers it."""
    with Sandbox() as sandbox:
        yield sandbox


def wanting(source: str, repo: str = "acme/repo-001", name: str = "k") -> str:
    """Return a manifest that wants one value in one repo."""
    return (
        f"version: 1\ncredentials:\n  {name}:\n    type: anthropic_api_key\n    from: {source}\n"
        f"targets:\n  - {{name: t, repos: [{repo}], credential: {name}}}\n"
    )


def assert_refused(fleet: "Fleet", expected: str, commands: tuple[tuple[str, ...], ...] = COMMANDS) -> None:
    """Prove that each command exits 1 with exactly this, and that nothing was asked of GitHub, not even a read."""
    for command in commands:
        done = fleet.refused(*command)
        assert (1, "", expected) == (done.code, done.out, done.err)
        assert {} == fleet.sandbox.world.stats().requests


@pytest.mark.parametrize(
    "host", ["evil.test", "api.github.com.evil.test", "github.com.evil.test", "evilghe.com", "ghe.com"]
)
def test_a_hostile_api_url(fleet: "Fleet", host: str) -> None:
    """The token goes to no host that only the manifest vouches for; its name is not even looked up."""
    looked_up: list[object] = []
    fleet.monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **_: looked_up.append(args))
    fleet.monkeypatch.delenv("GITHUB_API_URL")
    fleet.simple(more=f"github: {{api_url: 'https://{host}/api/v3'}}\n")
    assert_refused(
        fleet,
        f"error FF310: github.api_url: no token goes to {host}\n"
        "  why: a token goes only to GitHub itself, this machine, the host of GITHUB_API_URL, "
        "or a host that you allow\n"
        f"  fix: if you trust it, set FLOWFORGE_ALLOWED_HOSTS={host} where FlowForge runs\n",
        (("plan",), ("apply", "--yes")),
    )
    assert [] == looked_up


@pytest.mark.parametrize("skip", [(), ("--skip-values",)], ids=["values", "skip-values"])
def test_a_link_to_another_host(fleet: "Fleet", elsewhere: Sandbox, skip: tuple[str, ...]) -> None:
    """A list whose next page is said to be at another port ends the run; nobody is asked there."""
    fleet.simple("acme/repo-001")
    url = f"{elsewhere.url}/repos/acme/repo-001/actions/secrets?page=2"
    fleet.sandbox.world.faults.add(Elsewhere("actions/secrets", FaultKind.CUT, times=100, status=200, url=url))
    done = fleet.refused("apply", "--yes", *skip)
    assert (1, "", STRAYED) == (done.code, done.out, done.err)
    assert ({}, {}) == (elsewhere.world.stats().requests, fleet.held()["acme/repo-001"])


@pytest.mark.parametrize("request_", ["GET .*/actions/secrets", "GET .*/public-key", "PUT "])
def test_a_location_at_another_host(fleet: "Fleet", elsewhere: Sandbox, request_: str) -> None:
    """No redirect is followed: neither a read's, nor a key's, which would seal for the attacker, nor a write's.

    It ends the run, with 1, since nothing was written.
    """
    fleet.simple("acme/repo-001")
    url = f"{elsewhere.url}/repos/acme/repo-001/actions/secrets"
    for status in (301, 302, 307, 308):
        fleet.sandbox.world.faults.add(Elsewhere(request_, FaultKind.STATUS, times=100, status=status, url=url))
        done = fleet.flowforge("apply", "--yes")
        fleet.sandbox.world.faults.clear()
        said = done.err if request_.startswith("GET .*/actions") else done.out
        assert (1, True) == (done.code, "points to another host" in said)
        assert ({}, {}) == (elsewhere.world.stats().requests, fleet.held()["acme/repo-001"])


def test_a_repo_whose_name_would_choose_the_value(fleet: "Fleet") -> None:
    """`{repo}` is one segment of a path and a part of one argument: prod-admin gets what is named after it, no more."""
    (fleet.folder / "keys").mkdir()
    key = fleet.set_key()
    (fleet.folder / "keys" / "prod-admin").write_text(key)
    fleet.sandbox.world.create_repo("acme/prod-admin")
    fleet.manifest(wanting('{file: "keys/{repo}"}', "acme/prod-admin"))
    assert 0 == fleet.flowforge("apply", "--yes").code
    assert {"ANTHROPIC_API_KEY": key} == fleet.sandbox.world.reveal("acme/prod-admin")
    fleet.manifest(wanting('{command: [printf, "%s+", "--name={repo}", x]}', "acme/prod-admin"))
    assert "does not look like an Anthropic API key" in fleet.flowforge("plan").out
    (fleet.folder / "argv").write_text('#!/bin/sh\nprintf "%s+" "$@" >"$0.log"\n')
    (fleet.folder / "argv").chmod(0o755)
    fleet.manifest(wanting('{command: [./argv, "--name={repo}", "a b"]}', "acme/prod-admin"))
    assert 3 == fleet.flowforge("plan").code
    assert "--name=prod-admin+a b+" == (fleet.folder / "argv.log").read_text()


@pytest.mark.parametrize("argument", ["cat, '{repo}'", "'{repo}'", "cat, '{owner}/{repo}'"])
def test_a_repo_whose_name_would_begin_an_argument(fleet: "Fleet", argument: str) -> None:
    """A placeholder begins no argument: a repo named like an option would be one."""
    fleet.manifest(wanting(f"{{command: [{argument}]}}", "acme/prod-admin"))
    column = 22 if argument.startswith("'") else 27
    assert_refused(
        fleet,
        f"error FF131: flowforge.yaml:5:{column}: a placeholder begins this argument\n"
        "  why: a repository's name must not become an option of the program\n"
        "  fix: write something before it, such as --repo={repo}\n",
    )


@pytest.mark.parametrize("repo", ["../x", "acme/..", "acme/.", "acme/../x", "acme/x/../y"])
def test_a_repo_whose_name_leads_out_of_a_folder(fleet: "Fleet", repo: str) -> None:
    """A name with dots for a folder is none, wherever it would be put."""
    fleet.manifest(wanting('{file: "keys/{repo}"}', repo))
    assert_refused(
        fleet, f'error FF124: flowforge.yaml:7:23: "{repo}" is not a repository\n  fix: write it as owner/name\n'
    )


@pytest.mark.parametrize("repo", ["acme/.github", "acme/-rf"])
def test_a_repo_whose_name_is_no_segment(fleet: "Fleet", repo: str) -> None:
    """A real name that begins with a dot or a hyphen stands for no placeholder."""
    fleet.manifest(wanting('{file: "keys/{repo}"}', repo))
    assert_refused(
        fleet,
        f'error FF152: flowforge.yaml:7:5: "{repo}" cannot replace {{repo}}\n'
        "  why: a placeholder can become only letters, digits, - _ and ., and must begin with a letter, a digit or _\n"
        "  fix: use a credential whose source has no such placeholder\n",
    )


@pytest.mark.parametrize("path", ["/proc/self/environ", "link", "folder/environ", "../outside", "~/outside"])
def test_a_file_outside_of_the_folder(fleet: "Fleet", path: str) -> None:
    """In CI neither /proc nor a link nor dots lead out of the manifest's folder; the file is not opened."""
    fleet.monkeypatch.setenv("CI", "true")
    (fleet.folder / "link").symlink_to("/proc/self/environ")
    (fleet.folder / "folder").symlink_to("/proc/self")
    fleet.manifest(wanting(f"{{file: {path}}}"))
    assert_refused(
        fleet,
        f'error FF113: flowforge.yaml:5:18: "{path}" is outside the manifest\'s folder\n'
        "  why: where CI or FLOWFORGE_ALLOWED_PATHS is set, files stay below the manifest's folder, links resolved\n"
        "  fix: keep it below that folder, or let the operator add its folder to FLOWFORGE_ALLOWED_PATHS\n",
    )


NOT_HERE = "and the author of a proposed manifest must not be able to run programs here"
OR_ALLOW = "let the operator set FLOWFORGE_ALLOWED_SOURCES to what a proposed manifest may use, command among it"
PROPOSED = (
    "source command is refused for a pull request\n"
    f"  why: {{}} says so, {NOT_HERE}\n"
    f"  fix: plan after the merge; or {OR_ALLOW}\n"
)
UNKNOWN = (
    "source command is refused: no event that is known to be trusted began this run\n"
    f"  why: {{}}, {NOT_HERE}\n"
    f"  fix: {{}}{OR_ALLOW}\n"
)
GITHUB = "run it where GITHUB_EVENT_NAME is push, schedule, workflow_dispatch, repository_dispatch or release; or "
RUNS = {
    "a pull request": ({"GITHUB_EVENT_NAME": "pull_request"}, PROPOSED.format("GITHUB_EVENT_NAME")),
    "its target": ({"GITHUB_EVENT_NAME": "pull_request_target"}, PROPOSED.format("GITHUB_EVENT_NAME")),
    "GitLab": ({"CI_PIPELINE_SOURCE": "merge_request_event"}, PROPOSED.format("CI_PIPELINE_SOURCE")),
    "CircleCI": ({"CIRCLECI": "true", "CIRCLE_PR_NUMBER": "7"}, PROPOSED.format("CIRCLE_PR_NUMBER")),
    "CodeBuild": ({"CODEBUILD_WEBHOOK_TRIGGER": "pr/7"}, PROPOSED.format("CODEBUILD_WEBHOOK_TRIGGER")),
    "Semaphore": ({"SEMAPHORE_GIT_REF_TYPE": "pull-request"}, PROPOSED.format("SEMAPHORE_GIT_REF_TYPE")),
    "AppVeyor": ({"APPVEYOR_PULL_REQUEST_NUMBER": "7"}, PROPOSED.format("APPVEYOR_PULL_REQUEST_NUMBER")),
    "Cirrus": ({"CIRRUS_PR": "7"}, PROPOSED.format("CIRRUS_PR")),
    "Bitrise": ({"BITRISE_PULL_REQUEST": "7"}, PROPOSED.format("BITRISE_PULL_REQUEST")),
    "Codefresh": ({"CF_PULL_REQUEST_NUMBER": "7"}, PROPOSED.format("CF_PULL_REQUEST_NUMBER")),
    "ghprb": ({"ghprbPullId": "7"}, PROPOSED.format("ghprbPullId")),
    "a merge queue": (
        {"GITHUB_EVENT_NAME": "merge_group"},
        UNKNOWN.format('GitHub Actions: GITHUB_EVENT_NAME is "merge_group"', GITHUB),
    ),
    "another workflow": (
        {"GITHUB_EVENT_NAME": "workflow_run"},
        UNKNOWN.format('GitHub Actions: GITHUB_EVENT_NAME is "workflow_run"', GITHUB),
    ),
    "a comment": (
        {"GITHUB_EVENT_NAME": "issue_comment"},
        UNKNOWN.format('GitHub Actions: GITHUB_EVENT_NAME is "issue_comment"', GITHUB),
    ),
    "who knows": (
        {"CI": "true"},
        UNKNOWN.format("CI is set, and no system that FlowForge knows says what began this run", ""),
    ),
}


@pytest.mark.parametrize(("environ", "refused"), RUNS.values(), ids=RUNS)
def test_a_command_that_nobody_vouches_for(fleet: "Fleet", environ: dict[str, str], refused: str) -> None:
    """A proposed manifest runs no program, for a value or for the token; what starts nothing still works."""
    for variable, text in environ.items():
        fleet.monkeypatch.setenv(variable, text)
    code = "FF259" if "pull request" in refused else "FF260"
    fleet.manifest(wanting("{command: [touch, ran]}"))
    assert (0, 0) == (fleet.flowforge("validate").code, fleet.flowforge("plan", "--skip-values").code)
    # A value that it would feed is not checked, and its write is blocked: test_refused_sources.py.
    done = fleet.flowforge("apply", "--yes")
    told = f"warning: {refused.splitlines()[0]} ({code}), so its values are not checked: " in done.err
    assert (3, True, {}) == (done.code, told, fleet.held()["acme/repo-001"])
    fleet.simple(more="github: {auth: {token: {command: [touch, ran]}}}\n")
    token = refused.replace("source", "the GitHub token is not available: source", 1)
    for command in (("plan",), ("plan", "--skip-values"), ("apply", "--yes")):
        assert_refused(fleet, f"error {code}: flowforge.yaml:15:24: {token}", (command,))
    assert 0 == fleet.flowforge("validate").code
    fleet.simple(more="state: {key: {command: [touch, ran]}}\n")
    key = refused.replace("source", "the state key is not available: source", 1)
    assert_refused(fleet, f"error {code}: flowforge.yaml:15:14: {key}", COMMANDS[:2])
    assert not (fleet.folder / "ran").exists()


@pytest.mark.parametrize("event", ["push", "schedule", "workflow_dispatch", "repository_dispatch", "release"])
def test_a_command_of_what_is_merged(fleet: "Fleet", event: str) -> None:
    """An event that is known to be trusted runs it, and so does what the operator admits for a pull request."""
    fleet.monkeypatch.setenv("CI", "true")
    fleet.monkeypatch.setenv("GITHUB_EVENT_NAME", event)
    (fleet.folder / "key").write_text(fleet.set_key())
    fleet.manifest(wanting("{command: [cat, key]}"))
    assert 0 == fleet.flowforge("apply", "--yes").code
    fleet.monkeypatch.setenv("GITHUB_EVENT_NAME", "pull_request")
    fleet.monkeypatch.setenv("FLOWFORGE_ALLOWED_SOURCES", "command")
    assert {} == fleet.plan()


PASSED = 'error FF115: flowforge.yaml:6:{}: the variable "{}" is passed to no program\n  why: {}\n{}'
REMOVE = "  fix: remove it from pass_env\n"


def test_a_program_that_asks_for_what_none_gets(fleet: "Fleet") -> None:
    """A manifest that would give a program another's credential, or FlowForge's own power, is refused first."""
    names = {
        "GITHUB_TOKEN": "it holds a token of GitHub's",
        "GH_ENTERPRISE_TOKEN": "it holds a token of GitHub's",
        "FLOWFORGE_GITHUB_TOKEN": "variables that begin with FLOWFORGE_ are for FlowForge alone",
        "OP_SERVICE_ACCOUNT_TOKEN": "it holds a token of 1Password's",
        "OP_SESSION_acme": "it holds a token of 1Password's",
        "ACME_KEY": "an env source of this manifest names it",
        "KEY_OF_api": "an env source of this manifest names it",
    }
    fleet.manifest(
        "version: 1\ncredentials:\n"
        "  a: {type: anthropic_api_key, from: {env: ACME_KEY}}\n"
        "  b: {type: anthropic_api_key, from: {env: 'KEY_OF_{repo}'}}\n"
        "  c: {type: anthropic_api_key, from: {command: [sh, -c, 'touch ran; env'],\n"
        f"      pass_env: [HOME, {', '.join(names)}]}}}}\n"
        "targets:\n  - {name: t, repos: [acme/repo-001], credential: a}\n"
        "  - {name: u, repos: [acme/repo-002], credential: b}\n  - {name: v, repos: [acme/repo-003], credential: c}\n"
    )
    column, expected = len("      pass_env: [HOME, ") + 1, ""
    for name, why in names.items():
        expected += PASSED.format(column, name, why, REMOVE)
        column += len(name) + 2
    assert_refused(fleet, expected)
    assert not (fleet.folder / "ran").exists()


def test_a_program_that_asks_for_a_token_by_another_name(fleet: "Fleet") -> None:
    """What the manifest cannot show, a token in a variable of any name, ends the run before any program starts."""
    fleet.monkeypatch.setenv("HARMLESS", fleet.sandbox.token)
    fleet.manifest(wanting("{command: [sh, -c, 'touch ran; echo $HARMLESS'], pass_env: [HARMLESS]}"))
    expected = "error FF261: the variable HARMLESS is passed to no program\n  why: it holds a token of GitHub's\n"
    for command in (("plan",), ("apply", "--yes")):
        done = fleet.refused(*command)
        assert (1, "", expected + REMOVE) == (done.code, done.out, done.err)
    assert (False, 0) == ((fleet.folder / "ran").exists(), fleet.flowforge("validate").code)


EVIL = "\x1b[2J\n::error::owned\u202e##[group]\x00"
SHOWN = r"\x1b[2J\n::error::owned\u202e##\u005bgroup]\x00"
QUOTES_NOTHING = ("error FF125: ", "error FF130: ")


@pytest.mark.parametrize(
    "text",
    [
        wanting("{env: ACME_KEY}", name="EVIL"),
        wanting("{env: ACME_KEY}", repo="EVIL"),
        wanting("{env: EVIL}"),
        wanting("{file: EVIL}"),
        wanting("{command: [EVIL]}"),
        wanting("{EVIL: x}"),
        wanting("{env: ACME_KEY}") + "groups: {EVIL: {repos: [acme/repo-001]}}\n",
        wanting("{env: ACME_KEY}") + "EVIL: x\n",
        wanting("{env: ACME_KEY}") + "  - {name: EVIL, repos: [acme/repo-002], credential: k}\n",
        wanting("{env: ACME_KEY}") + "  - {name: u, groups: [EVIL], credential: k}\n",
        wanting("{env: ACME_KEY}") + "absent: [{name: EVIL, repos: [acme/repo-002], secret: EVIL}]\n",
    ],
    ids=["credential", "repo", "variable", "file", "program", "source", "group", "key", "target", "named", "secret"],
)
def test_escapes_and_workflow_commands_in_names(fleet: "Fleet", text: str) -> None:
    """Whatever name holds them, a terminal gets no escape, GitHub's runner no command, and JSON stays one document."""
    fleet.manifest(text.replace("EVIL", json.dumps(EVIL)))
    seen = ""
    for command in (("plan", "-v"), ("validate",), ("plan", "--format", "json"), ("apply", "--yes")):
        done = fleet.flowforge(*command)
        both = done.out + done.err
        seen += both
        assert [] == [line for line in both.splitlines() if line.lstrip().startswith(("::", "##["))]
        assert set() == set(both) & {"\x1b", "\x00", "\u202e"}
        assert "##[" not in done.err
        if "json" in command:
            json.loads(done.out)
    assert SHOWN in seen.replace(r"\\", "\\") or any(error in seen for error in QUOTES_NOTHING)


HTML = "<script>alert(1)</script>"


def test_html_in_a_groups_name(fleet: "Fleet") -> None:
    """A group's name is letters, digits and a few signs: HTML is refused in text and in JSON, and is quoted there."""
    fleet.manifest(wanting("{env: ACME_KEY}") + f"groups: {{'{HTML}': {{repos: [acme/repo-001]}}}}\n")
    fix = "use at most 100 letters, digits, - _ and ., and do not begin with - or ."
    what = f'"{HTML}" cannot be a name here'
    assert_refused(fleet, f"error FF126: flowforge.yaml:8:10: {what}\n  fix: {fix}\n")
    done = fleet.flowforge("plan", "--format", "json", "--report", "json=report.json")
    problem = {"code": "FF126", "what": what, "where": "flowforge.yaml:8:10", "why": None, "fix": fix}
    report = json.loads((fleet.folder / "report.json").read_text(encoding="utf-8"))
    assert (1, [problem], [problem]) == (done.code, json.loads(done.out)["errors"], report["errors"])


def test_html_in_a_targets_name(fleet: "Fleet") -> None:
    """A target's name is free text: it is data in JSON, and the text of a plan does not have it."""
    fleet.simple("acme/repo-001")
    text = (fleet.folder / "flowforge.yaml").read_text(encoding="utf-8")
    fleet.manifest(text.replace("name: All", f"name: {HTML}"))
    planned = json.loads(fleet.flowforge("plan", "--format", "json").out)
    assert [HTML] == [change["target"] for change in planned["changes"]]
    assert HTML not in fleet.flowforge("plan", "-v").out


def test_what_narrows_comes_from_the_environment_only(fleet: "Fleet") -> None:
    """A manifest cannot widen what it may do: the operator's rules are no keys of it, and an empty rule admits none."""
    fleet.monkeypatch.setenv("FLOWFORGE_ALLOWED_SOURCES", "")
    fleet.simple("acme/repo-001")
    assert_refused(
        fleet,
        "error FF111: flowforge.yaml:5:12: the source env is not allowed by FLOWFORGE_ALLOWED_SOURCES\n"
        "  why: it is set but empty, so it admits none\n"
        "  fix: use another source, or let the operator add env to FLOWFORGE_ALLOWED_SOURCES\n",
    )
    assert os.environ["FLOWFORGE_ALLOWED_SOURCES"] == ""
