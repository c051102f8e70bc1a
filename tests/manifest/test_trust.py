"""The operator's rules that need no value: which sources, owners and paths a manifest may name."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from flowforge.manifest.model import Manifest

Loader = Callable[..., Manifest]
Refuser = Callable[..., str]

TEXT = """\
version: 1
github: {auth: {token: {env: T}}}
credentials: {k: {type: anthropic_api_key, from: {file: keys/k}}}
groups: {g: {repos: [acme/api]}}
targets: [{name: t, groups: [g], repos: [ACME/Web, other/x], credential: k}]
absent: [{name: a, repos: [acme-labs/x], secret: X}]
"""


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"FLOWFORGE_ALLOWED_SOURCES": "file, env"},
        {"FLOWFORGE_ALLOWED_OWNERS": " Acme*,other"},
        {"FLOWFORGE_ALLOWED_OWNERS": "*"},
        {"CI": "true"},
        {"FLOWFORGE_ALLOWED_PATHS": ""},
    ],
)
def test_allowed(environ: Mapping[str, str], loaded: Loader) -> None:
    """Unset rules allow all; a list allows what it has, owners by patterns and without case."""
    assert "t" == loaded(TEXT, environ=environ).targets[0].name


def test_sources(refused: Refuser) -> None:
    """A source that is not listed is refused where it stands, the token's too."""
    expected = """\
error FF111: flowforge.yaml:2:25: the source env is not allowed by FLOWFORGE_ALLOWED_SOURCES
  why: it admits command, onepassword
  fix: use another source, or let the operator add env to FLOWFORGE_ALLOWED_SOURCES
error FF111: flowforge.yaml:3:51: the source file is not allowed by FLOWFORGE_ALLOWED_SOURCES
  why: it admits command, onepassword
  fix: use another source, or let the operator add file to FLOWFORGE_ALLOWED_SOURCES"""
    assert expected == refused(TEXT, environ={"FLOWFORGE_ALLOWED_SOURCES": "onepassword,command"})


def test_owners(refused: Refuser) -> None:
    """A repo of an owner that is not listed is refused wherever it is named."""
    expected = """\
error FF112: flowforge.yaml:5:52: the owner of "other/x" is not allowed by FLOWFORGE_ALLOWED_OWNERS
  why: it admits acme
  fix: remove the repository, or let the operator add other to FLOWFORGE_ALLOWED_OWNERS
error FF112: flowforge.yaml:6:28: the owner of "acme-labs/x" is not allowed by FLOWFORGE_ALLOWED_OWNERS
  why: it admits acme
  fix: remove the repository, or let the operator add acme-labs to FLOWFORGE_ALLOWED_OWNERS"""
    assert expected == refused(TEXT, environ={"FLOWFORGE_ALLOWED_OWNERS": "acme"})


def test_set_but_empty_admits_nothing(refused: Refuser) -> None:
    """A rule that a workflow fills from a setting that is gone must not open what it was to narrow."""
    found = refused(TEXT, environ={"FLOWFORGE_ALLOWED_OWNERS": "", "FLOWFORGE_ALLOWED_SOURCES": " "})
    why = "  why: it is set but empty, so it admits none\n"
    assert (2, 4, 6) == (found.count("error FF111"), found.count("error FF112"), found.count(why))


def paths(file: str, state: str = "x.json") -> str:
    """Return a manifest that names two paths."""
    return (
        f"version: 1\nstate: {{file: {state}}}\n"
        f"credentials: {{k: {{type: anthropic_api_key, from: {{file: '{file}'}}}}}}\n"
        "targets: [{name: t, repos: [acme/api], credential: k}]\n"
    )


REFUSED = """\
error FF113: flowforge.yaml:{}: "{}" is outside the manifest's folder
  why: where CI or FLOWFORGE_ALLOWED_PATHS is set, files stay below the manifest's folder, links resolved
  fix: keep it below that folder, or let the operator add its folder to FLOWFORGE_ALLOWED_PATHS"""


@pytest.mark.parametrize("path", ["/etc/passwd", "../k", "a/../../k", "~/k", "/{owner}/{repo}", "link/k"])
def test_paths_in_ci(path: str, folder: Path, refused: Refuser) -> None:
    """Where CI is set, a path that leads out of the manifest's folder is refused, through a link too."""
    (folder / "link").symlink_to("/etc")
    environ = {"CI": "true", "HOME": "/home/x"}
    assert (
        REFUSED.format("3:57", path),
        REFUSED.format("2:15", path) if "{" not in path else "",
    ) == (
        refused(paths(path), environ=environ),
        refused(paths("k", f"'{path}'"), environ=environ) if "{" not in path else "",
    )


@pytest.mark.parametrize("path", ["/etc/passwd", "../k", "~/k", "k"])
def test_paths_elsewhere(path: str, folder: Path, loaded: Loader) -> None:
    """Where neither CI nor a rule is set, any path may be named; `~/` is HOME, relative ones begin at the manifest."""
    expected = {"/etc/passwd": "/etc/passwd", "~/k": "/home/x/k"}.get(path, f"{folder}/{path}")
    assert expected == str(loaded(paths(path, path), environ={"HOME": "/home/x", "CI": ""}).state.file)


def test_paths_that_the_operator_admits(loaded: Loader, refused: Refuser) -> None:
    """FLOWFORGE_ALLOWED_PATHS admits folders besides the manifest's own, and confines where CI is not set."""
    environ = {"FLOWFORGE_ALLOWED_PATHS": "/srv/keys:/srv/a, /srv/state"}
    admitted = loaded(paths("/srv/keys/k", "/srv/state/x.json"), environ=environ)
    assert (Path("/srv/state/x.json"), REFUSED.format("3:57", "/srv/keys2/k")) == (
        admitted.state.file,
        refused(paths("/srv/keys2/k"), environ=environ),
    )


def test_each_file_of_a_manifest_has_its_own_folder(loaded: Loader, folder: Path) -> None:
    """A relative path begins at the file that names it, and may stay below that file's folder in CI."""
    texts = {"a/one.yaml": paths("k").replace("x.json", "../a/x.json"), "b/two.yaml": "version: 1\nabsent: []\n"}
    manifest = loaded(texts, "b", "a", environ={"CI": "1"})
    assert (folder / "b", folder / "a" / ".." / "a" / "x.json", folder / "a") == (
        manifest.folder,
        manifest.state.file,
        manifest.credentials["k"].source.folder,
    )
