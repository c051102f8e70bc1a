"""Values that cannot be had or must not be used: said exactly by the command line, none shown, nothing written."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from flowforge.errors import Problem

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

BODY = "Zk9" * 31 + "AA"  # what makes a whole value of a prefix, and what must not be seen anywhere
API_KEY = "sk-ant-" + "api03-" + BODY
OAUTH = "sk-ant-" + "oat01-" + BODY
NEW_KEY = "create an API key at https://platform.claude.com/settings/keys"
SETUP = "run `claude setup-token` and use the token that it prints"
ENOUGH = "put the credential where its source reads it"


def _manifest(fleet: "Fleet", kind: str, source: str, more: str = "") -> None:
    fleet.manifest(
        f"version: 1\ncredentials:\n  key: {{type: {kind}, from: {{{source}}}{more}}}\n"
        "  fine: {type: anthropic_api_key, secret: FINE, from: {env: ACME_KEY}}\n"
        "targets:\n  - {name: All, repos: [acme/repo-001], credential: key}\n"
        "  - {name: Fine, repos: [acme/repo-002], credential: fine}\n"
    )


def _refused(fleet: "Fleet", problem: Problem) -> None:
    """Say that plan shows the secret blocked, and that apply explains it, writes nothing and exits 1."""
    planned = fleet.refused("plan")
    assert 3 == planned.code
    (blocked,) = [line for line in planned.lines if line.startswith("!")]
    assert f"key   value not available: {problem.what}" == blocked[blocked.index("key ") :]
    assert f"    fix: {problem.fix}" in planned.lines
    assert "The plan is incomplete: see the lines above." in planned.lines
    applied = fleet.refused("apply", "--yes")
    said = replace(
        problem,
        what=f"value not available: {problem.what}; nothing was written",
        where='credential "key"',
        fix=f"{problem.fix}; --keep-going writes the secrets that need other values",
    )
    assert (1, f"{said}\n") == (applied.code, applied.err)
    for shown in (planned.out, planned.err, applied.out, applied.err):
        assert BODY[:20] not in shown


def _of(problem: Problem, source: str) -> Problem:
    """Return the problem of a value with where it is from; what a source says itself names that already."""
    return replace(problem, what=problem.what.replace("the value", f"the value of {source}", 1))


def _bad(given: object, code: str, what: str, why: str, fix: str, *, name: str) -> object:
    """Make a case: what is given, and the problem that must be told."""
    return pytest.param(given, Problem(code, what, why=why, fix=fix), id=name)


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        _bad("   ", "FF202", "the value is blank", "white space alone is no credential", ENOUGH, name="blank"),
        _bad(
            '{"claudeAiOauth": {"accessToken": "' + OAUTH + '"}}',
            "FF203",
            "the value is a .credentials.json of Claude Code",
            "its token lives for hours, and the login that it belongs to replaces it",
            SETUP,
            name="credentials-json",
        ),
        *(
            _bad(
                text,
                "FF204",
                "the value is a placeholder",
                "it stands for a credential and is none; FlowForge fills in no variable and no reference inside a "
                "value",
                "put the credential itself where its source reads it",
                name=f"placeholder-{text}",
            )
            for text in ("CHANGE_ME", "***", "${ACME_KEY}", "op://Engineering/Claude/credential")
        ),
        _bad(
            '{"key": "' + API_KEY + '"}',
            "FF205",
            "the value is JSON",
            "a secret holds the credential alone; FlowForge takes no document apart",
            "extract the credential, and let the source read only that",
            name="json",
        ),
        _bad(
            f'"{API_KEY}"',
            "FF206",
            "the value is in quotes",
            "the quotes would be stored as part of the credential",
            "remove them from where the source reads the value",
            name="quotes",
        ),
        _bad(
            f"{API_KEY}\r\n",
            "FF207",
            "the value ends with a carriage return",
            "its source ends it as Windows ends a line (CR LF), which is dropped only of a file and a command's output",
            "remove the line end where its source reads the value",
            name="crlf",
        ),
        _bad(
            f"{API_KEY[:80]}\n{API_KEY[80:]}",
            "FF208",
            "the value has a line break in it",
            "a terminal that wraps a long credential breaks it when it is copied; FlowForge joins no lines, and drops "
            "only one line end at the end of a file",
            "copy the credential again as one line, and save it alone",
            name="two-lines",
        ),
        _bad(
            f"{API_KEY[:80]} {API_KEY[80:]}",
            "FF209",
            "the value has white space in it",
            "no credential has any; it comes from copying too much, or from a wrapped line",
            "copy the credential again, without spaces or tabs before, in or after it",
            name="space",
        ),
        _bad(
            f"{API_KEY}\x1b",
            "FF210",
            "the value has a control character in it",
            "an HTTP header cannot carry it, so Claude would fail to sign in",
            "copy the credential again as plain text",
            name="control",
        ),
        _bad(
            f"{API_KEY}\u200b",
            "FF211",
            "the value has a character in it that is not ASCII",
            "no credential has one; it is often invisible, or a typographic quote or dash from a chat or a document",
            "copy the credential again from where it was issued",
            name="invisible",
        ),
        _bad(
            "sk-ant-" + "api03-" + "x" * 47_940,
            "FF212",
            "the value is larger than 47,952 bytes",
            "GitHub takes no larger secret",
            "let the source read the credential alone",
            name="too-large",
        ),
        _bad(
            f"ANTHROPIC_API_KEY={API_KEY}",
            "FF213",
            "the value begins with ANTHROPIC_API_KEY=",
            "a source reads the credential alone, not an assignment",
            "remove ANTHROPIC_API_KEY= from it",
            name="assignment",
        ),
        *(
            _bad(
                "sk-ant-" + kind + BODY,
                "FF215",
                f"the value is {noun}, not an Anthropic API key",
                "Claude takes nothing but an Anthropic API key as ANTHROPIC_API_KEY",
                fix,
                name=kind,
            )
            for kind, noun, fix in (
                (
                    "oat01-",
                    "a Claude OAuth token (sk-ant-oat01-…)",
                    f"use it in a credential of type claude_code_oauth_token, or {NEW_KEY}",
                ),
                ("admin01-", "an Anthropic Admin API key (sk-ant-admin01-…)", NEW_KEY),
                ("ort01-", "a Claude OAuth refresh token (sk-ant-ort01-…)", NEW_KEY),
                ("sid01-", "a claude.ai session (sk-ant-sid01-…)", NEW_KEY),
            )
        ),
        _bad(
            "a-gateway's-own-key-" + BODY,
            "FF216",
            "the value does not look like an Anthropic API key",
            "one begins with sk-ant-api03-",
            f"{NEW_KEY}; for a gateway's own key write `allow_nonstandard: true` in the credential",
            name="nonstandard",
        ),
    ],
)
def test_a_value_that_is_no_api_key(fleet: "Fleet", value: str, problem: Problem) -> None:
    """Each bad shape is named, with the reason that a person needs to find it."""
    _manifest(fleet, "anthropic_api_key", "env: BAD")
    fleet.monkeypatch.setenv("BAD", value)
    _refused(fleet, _of(problem, "env BAD"))


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        _bad(
            f"{BODY}#c0ffee",
            "FF214",
            "the value is the code that the browser shows, not the token",
            "it has a # in it; `claude setup-token` asks for this code and then prints the token",
            "paste the code into `claude setup-token` and use what it prints",
            name="browser-code",
        ),
        _bad(
            API_KEY,
            "FF215",
            "the value is an Anthropic API key (sk-ant-api03-…), not a Claude Code OAuth token",
            "Claude takes nothing but a Claude Code OAuth token as CLAUDE_CODE_OAUTH_TOKEN",
            f"use it in a credential of type anthropic_api_key, or {SETUP}",
            name="api-key",
        ),
        _bad(
            OAUTH[:79],
            "FF217",
            "the value is cut short: shorter than a Claude Code OAuth token is",
            "a terminal wraps the long token, and copying then takes only a part of it",
            f"{SETUP}, in a window wide enough for one line; `allow_nonstandard: true` takes it as it is",
            name="cut-short",
        ),
    ],
)
def test_a_value_that_is_no_oauth_token(fleet: "Fleet", value: str, problem: Problem) -> None:
    """The mistakes that people make with `claude setup-token` are told apart."""
    _manifest(fleet, "claude_code_oauth_token", "env: BAD")
    fleet.monkeypatch.setenv("BAD", value)
    _refused(fleet, _of(problem, "env BAD"))


@pytest.mark.parametrize("kind", ["admin01-", "ort01-", "sid01-"])
@pytest.mark.parametrize("slot", ["anthropic_api_key", "claude_code_oauth_token"])
def test_what_must_be_stored_nowhere(fleet: "Fleet", slot: str, kind: str) -> None:
    """Neither slot nor `allow_nonstandard` admits an admin key, a refresh token or a session."""
    _manifest(fleet, slot, "env: BAD", ", allow_nonstandard: true")
    fleet.monkeypatch.setenv("BAD", "sk-ant-" + kind + BODY)
    applied = fleet.refused("apply", "--yes")
    assert (1, True) == (applied.code, applied.err.startswith('error FF215: credential "key": '))


def test_an_unset_and_an_empty_variable(fleet: "Fleet") -> None:
    """The two are different mistakes: one in the shell, the other usually in a workflow."""
    _manifest(fleet, "anthropic_api_key", "env: NOT_SET")
    fix = "set it where flowforge runs; in a workflow, map the secret to it under the step's `env:`"
    _refused(fleet, Problem("FF221", "env NOT_SET is unset", fix=fix))
    fleet.monkeypatch.setenv("NOT_SET", "")
    why = "a workflow sets an empty text for a secret that does not exist, or that the run may not see"
    fix = "check the name of the secret that fills it; runs from forks and of Dependabot see no Actions secrets"
    _refused(fleet, Problem("FF222", "env NOT_SET is set but empty", why=why, fix=fix))


REGULAR = "name a regular file that holds the credential"


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        _bad(
            lambda _: None,
            "FF224",
            "file key.txt does not exist",
            "",
            "create it; a relative path begins at the manifest's folder, {folder}",
            name="none",
        ),
        _bad(Path.touch, "FF228", "file key.txt is empty", "", "write the credential into it", name="empty"),
        _bad(
            lambda path: path.write_text("\n"),
            "FF228",
            "file key.txt is empty",
            "",
            "write the credential into it",
            name="one-newline",
        ),
        _bad(
            lambda path: path.write_text("\n\n"),
            "FF202",
            "the value is blank",
            "white space alone is no credential",
            ENOUGH,
            name="two-newlines",
        ),
        _bad(Path.mkdir, "FF225", "file key.txt is a directory, not a regular file", "", REGULAR, name="directory"),
        _bad(os.mkfifo, "FF225", "file key.txt is a FIFO, not a regular file", "", REGULAR, name="fifo"),
        _bad(
            lambda path: path.symlink_to("/dev/zero"),
            "FF225",
            "file key.txt is a device, not a regular file",
            "",
            REGULAR,
            name="device",
        ),
        _bad(
            lambda path: path.symlink_to("key.txt"),
            "FF226",
            "file key.txt cannot be read: too many levels of symbolic links",
            "",
            "let the user that runs flowforge read it",
            name="a-link-to-itself",
        ),
        _bad(
            lambda path: path.write_bytes(b"x" * 70_000),
            "FF227",
            "file key.txt is larger than 64 KiB",
            "",
            "name a file that holds the credential alone",
            name="large",
        ),
        _bad(
            lambda path: path.write_bytes(API_KEY.encode("utf-16")),
            "FF223",
            "file key.txt is UTF-16, not UTF-8",
            "",
            "write it as plain text; a credential is ASCII",
            name="utf-16",
        ),
        _bad(
            lambda path: path.write_bytes(b"\xe9" + API_KEY.encode()),
            "FF223",
            "file key.txt is not UTF-8",
            "",
            "write it as plain text; a credential is ASCII",
            name="latin-1",
        ),
    ],
)
def test_a_file_that_gives_no_value(fleet: "Fleet", make: Callable[[Path], object], problem: Problem) -> None:
    """A file that cannot be read is named with the reason, and none is waited for."""
    _manifest(fleet, "anthropic_api_key", "file: key.txt")
    make(fleet.folder / "key.txt")
    problem = _of(problem, "file key.txt")
    _refused(fleet, replace(problem, fix=problem.fix.replace("{folder}", str(fleet.folder))))


def test_in_ci_a_file_stays_below_the_manifest(fleet: "Fleet") -> None:
    """A link that leads out of the ops repo ends the run where CI is set: who proposes a manifest must not read all."""
    (fleet.folder / "ops").mkdir()
    (fleet.folder / "outside.txt").write_text(API_KEY)
    (fleet.folder / "ops" / "key.txt").symlink_to(fleet.folder / "outside.txt")
    fleet.manifest(
        "version: 1\ncredentials:\n  key: {type: anthropic_api_key, from: {file: key.txt}}\n"
        "targets:\n  - {name: All, repos: [acme/repo-001], credential: key}\n",
        "ops/flowforge.yaml",
    )
    fleet.monkeypatch.setenv("CI", "true")
    done = fleet.refused("apply", "--yes", "-m", "ops/flowforge.yaml")
    expected = (
        'error FF113: ops/flowforge.yaml:3:47: "key.txt" is outside the manifest\'s folder\n'
        "  why: where CI or FLOWFORGE_ALLOWED_PATHS is set, files stay below the manifest's folder, links resolved\n"
        "  fix: keep it below that folder, or let the operator add its folder to FLOWFORGE_ALLOWED_PATHS\n"
    )
    assert (1, "", expected) == (done.code, done.out, done.err)
    fleet.monkeypatch.setenv("FLOWFORGE_ALLOWED_PATHS", str(fleet.folder))
    assert 0 == fleet.flowforge("apply", "--yes", "-m", "ops/flowforge.yaml").code


def test_a_nonstandard_key_is_admitted_where_the_manifest_says_so(fleet: "Fleet") -> None:
    """`allow_nonstandard: true` takes a gateway's key as it is, without a warning."""
    _manifest(fleet, "anthropic_api_key", "env: GATEWAY", ", allow_nonstandard: true")
    fleet.monkeypatch.setenv("GATEWAY", "a-gateway's-own-key")
    done = fleet.flowforge("apply", "--yes")
    assert (0, "") == (done.code, done.told)
    assert {"ANTHROPIC_API_KEY": "a-gateway's-own-key"} == fleet.held()["acme/repo-001"]


def test_a_warning_says_where_the_value_is_from(fleet: "Fleet") -> None:
    """As the manifest has it: one warning, though each repo may have a value of its own."""
    fleet.manifest(
        "version: 1\ncredentials:\n  key: {type: anthropic_api_key, from: {file: 'keys/{repo}.txt'}}\n"
        "targets:\n  - {name: All, repos: [acme/repo-001, acme/repo-002], credential: key}\n"
    )
    (fleet.folder / "keys").mkdir()
    for repo in ("repo-001", "repo-002"):
        (fleet.folder / "keys" / f"{repo}.txt").write_text(f"{API_KEY}Q")
    warned = [line for line in fleet.flowforge("plan").err.splitlines() if "longer" in line]
    said = "the value of file keys/{repo}.txt is longer than an Anthropic API key usually is; was it copied exactly?"
    assert [f"warning: credential key: {said}"] == warned
