"""Wrong manifests through the command line: one clear error, the same from every command, and nothing written."""

import os
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

CREDENTIALS = "credentials:\n  ci-key: {type: anthropic_api_key, from: {env: ACME_KEY}}\n"
TARGETS = "targets:\n  - {name: All, repos: [acme/repo-001, acme/repo-002], credential: ci-key}\n"
GOOD = f"version: 1\n{CREDENTIALS}{TARGETS}"
BILLION = "".join(f"x-{name}: &{name} [{', '.join([f'*{last}'] * 10)}]\n" for last, name in pairwise("abcdefghi"))
COMMANDS = (("validate",), ("plan",), ("plan", "--skip-values"), ("apply", "--yes"), ("apply", "--check"))


def _everywhere(fleet: "Fleet", expected: str, *options: str) -> None:
    """Say that every command that reads the manifest answers so, exits 1 and writes nothing."""
    for command in COMMANDS:
        done = fleet.refused(*command, *options)
        assert (1, "", expected) == (done.code, done.out, done.err)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "",
            "error FF107: flowforge.yaml: the manifest is empty\n"
            "  fix: begin it with `version: 1`; or remove it, and run `flowforge init`\n",
            id="empty",
        ),
        pytest.param(
            "# nothing but words\n",
            "error FF107: flowforge.yaml: the manifest is empty\n"
            "  fix: begin it with `version: 1`; or remove it, and run `flowforge init`\n",
            id="comments",
        ),
        pytest.param(
            "Dear FlowForge, please give every repo the key.\n",
            "error FF107: flowforge.yaml:1:1: a manifest is a mapping of keys, and this is not one\n"
            "  fix: begin it with `version: 1`\n",
            id="prose",
        ),
        pytest.param(
            "version: 1\ntargets: [acme/api\n",
            "error FF105: flowforge.yaml:2:10: the list that opens here is not closed\n"
            "  fix: write commas between items, and ] at its end\n",
            id="not-yaml",
        ),
        pytest.param(
            f"version: 1\nx-a: &a [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]\n{BILLION}{CREDENTIALS}{TARGETS}",
            "error FF103: flowforge.yaml:7:22: the manifest has more than 500,000 values, counting each time what an "
            "alias repeats\n"
            "  fix: name repositories in groups instead of repeating them, or split the manifest into several\n",
            id="billion-laughs",
        ),
        pytest.param(
            "version: 1\ntargets: " + "[" * 100_000,
            "error FF103: flowforge.yaml:2:59: this is nested more than 50 levels deep\n"
            "  fix: nest it less: no manifest needs ten\n",
            id="100,000-brackets",
        ),
        pytest.param(
            f"{GOOD}owner: me\n",
            'error FF120: flowforge.yaml:6:1: the key "owner" is not known here\n'
            "  fix: the keys here are version, github, state, defaults, audit, types, credentials, groups, targets and "
            "absent\n",
            id="unknown-key",
        ),
        pytest.param(
            GOOD.replace("repos:", "repo:"),
            'error FF120: flowforge.yaml:5:17: the key "repo" is not known here\n  fix: did you mean "repos"?\n',
            id="misspelt-key",
        ),
        pytest.param(
            f"{GOOD}targets: []\n",
            'error FF108: flowforge.yaml:6:1: the key "targets" stands twice in this mapping, first in line 4\n'
            "  fix: remove one of the two\n",
            id="duplicate-key",
        ),
        pytest.param(
            GOOD.replace("targets:\n", "  other: {type: anthropic_api_key, from: {env: OTHER}}\ntargets:\n")
            + "  - {name: Again, repos: [ACME/Repo-002], credential: other}\n",
            'error FF150: flowforge.yaml:7:5: ANTHROPIC_API_KEY of "ACME/Repo-002" is wanted with two credentials: '
            '"ci-key" and "other"\n'
            '  why: "All" at flowforge.yaml:6:5 wants it with the former\n'
            "  fix: exclude the repository from one of the two targets, or give one a `secret` of its own\n",
            id="wanted-twice",
        ),
        pytest.param(
            f"{GOOD}absent:\n  - {{name: Gone, repos: [acme/repo-001], secret: anthropic_api_key}}\n",
            'error FF151: flowforge.yaml:7:5: ANTHROPIC_API_KEY of "acme/repo-001" is wanted present and absent\n'
            '  why: "All" at flowforge.yaml:5:5 wants it present\n'
            "  fix: exclude the repository from one of the two\n",
            id="present-and-absent",
        ),
        pytest.param(
            f"{GOOD}groups: {{a: {{groups: [b]}}, b: {{groups: [c]}}, c: {{groups: [a]}}}}\n",
            "error FF142: flowforge.yaml:6:59: groups go in a circle: a -> b -> c -> a\n"
            "  fix: remove one of these references\n",
            id="cycle",
        ),
        pytest.param(
            GOOD.replace("env: ACME_KEY", "envv: ACME_KEY").replace("ci-key}", "ci_key}"),
            'error FF120: flowforge.yaml:3:44: the key "envv" is not known here\n'
            '  fix: did you mean "env"?\n'
            'error FF140: flowforge.yaml:5:68: there is no credential "ci_key"\n'
            '  fix: did you mean "ci-key"?\n',
            id="everything-at-once",
        ),
    ],
)
def test_a_wrong_manifest_is_one_clear_error(fleet: "Fleet", text: str, expected: str) -> None:
    """Every command says the same of it, in full and at once."""
    fleet.manifest(text)
    _everywhere(fleet, expected)


def _fifty_megabytes(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(50_000_000)


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        pytest.param(
            lambda _: None,
            "error FF101: ops.yaml: there is no such manifest\n"
            "  fix: run `flowforge init -m ops.yaml` to begin one, or name yours with -m\n",
            id="none",
        ),
        pytest.param(
            _fifty_megabytes,
            "error FF103: ops.yaml: the manifest is larger than 10 MB\n"
            "  fix: split it, and name the files' folder with -m\n",
            id="50-MB",
        ),
        pytest.param(
            Path.mkdir,
            "error FF101: ops.yaml: this folder has no manifest\n"
            "  fix: name a folder with *.yaml or *.yml files, or run `flowforge init -m ops.yaml/flowforge.yaml`\n",
            id="empty-folder",
        ),
        pytest.param(
            os.mkfifo,
            "error FF102: ops.yaml: the manifest is a FIFO, not a regular file\n  fix: name a regular file with -m\n",
            id="fifo",
        ),
        pytest.param(
            lambda path: path.write_bytes(b"\x89PNG\r\n\x1a\n"),
            "error FF104: ops.yaml:1:1: this is not UTF-8\n  fix: save the file as UTF-8\n",
            id="a-picture",
        ),
        pytest.param(
            lambda path: path.symlink_to("ops.yaml"),
            "error FF102: ops.yaml: the manifest cannot be read: too many levels of symbolic links\n"
            "  fix: let the user that runs flowforge read it\n",
            id="a-link-to-itself",
        ),
    ],
)
def test_what_is_no_manifest_at_all(fleet: "Fleet", make: Callable[[Path], object], expected: str) -> None:
    """What cannot be opened, is too large or is no text is said so, and is not waited for."""
    make(fleet.folder / "ops.yaml")
    _everywhere(fleet, expected, "-m", "ops.yaml")


def test_no_manifest_in_an_empty_folder(fleet: "Fleet") -> None:
    """The first thing a newcomer may see says how to go on."""
    (fleet.folder / "flowforge.yaml").unlink()
    _everywhere(
        fleet,
        "error FF101: flowforge.yaml: there is no such manifest\n"
        "  fix: run `flowforge init` to begin one, or name yours with -m\n",
    )


@pytest.mark.parametrize(
    ("old", "new", "places"),
    [
        pytest.param("ci-key:", "{key}:", ["3:3"], id="a-credential's-name"),
        pytest.param("env: ACME_KEY", "env: {key}", ["3:49"], id="a-variable"),
        pytest.param("env: ACME_KEY", "file: keys/{key}.txt", ["3:50"], id="a-file"),
        pytest.param("name: All", "name: The key {key}", ["5:12"], id="a-target's-name"),
        pytest.param("acme/repo-001", "acme/{key}", ["5:25"], id="a-repo"),
        pytest.param("credential: ci-key", "credential: {key}", ["5:68"], id="a-reference"),
        pytest.param("version: 1", "version: 1\nx-note: {key}", ["2:9"], id="an-ignored-key"),
    ],
)
def test_a_literal_key_is_found_and_never_shown(fleet: "Fleet", old: str, new: str, places: list[str]) -> None:
    """Wherever a key is pasted, its position is named and no part of it printed."""
    key = "sk-ant-" + "api03-" + "c0ffee" * 15 + "AA"
    fleet.manifest(GOOD.replace(old, new.replace("{key}", key)))
    for command in COMMANDS:
        done = fleet.refused(*command)
        found = [line.split(": ")[1] for line in done.err.splitlines() if line.startswith("error FF109")]
        assert (1, "", [f"flowforge.yaml:{place}" for place in places]) == (done.code, done.out, found)
        assert "c0ffee" not in done.err


def test_what_is_said_of_a_literal_key(fleet: "Fleet") -> None:
    """The exact text: what, why, and what to do about a key that others may know by now."""
    key = "sk-ant-" + "oat01-" + "c0ffee" * 15 + "AA"
    fleet.manifest(GOOD.replace("env: ACME_KEY", f"env: {key}"))
    _everywhere(
        fleet,
        "error FF109: flowforge.yaml:3:49: this looks like a credential\n"
        "  why: a manifest goes into git, and whoever can read it there has the credential\n"
        "  fix: move it to a source, {env: NAME} or {file: PATH}, and rotate it, as others may know it by now\n",
    )


def test_a_key_in_a_comment_is_a_warning(fleet: "Fleet") -> None:
    """A comment is no value: the manifest stays usable, and the warning names the place and not the key."""
    fleet.manifest(f"{GOOD}# was: {'sk-ant-' + 'api03-' + 'c0ffee' * 15}AA\n")
    done = fleet.refused("validate")
    assert (
        0,
        "The manifest is valid: 2 secrets in 2 repos.\n",
        "warning: flowforge.yaml:6:8: this comment contains what looks like a credential: remove and rotate it\n",
    ) == (done.code, done.out, done.err)
