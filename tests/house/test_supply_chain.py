"""What is installed, fetched and shipped: pinned, listed, and built the same twice."""

import json
import os
import re
import subprocess
from importlib.metadata import PackageNotFoundError, PathDistribution, version
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools import check_lowest, check_reproducible, pins, sbom

ROOT = Path(__file__).parents[2]
# Files that may make a machine fetch something, and the one word of each that does so without pip.
SCRIPTS = [ROOT / "Makefile", ROOT / ".ci/run", *sorted((ROOT / "tools").iterdir()), *sorted((ROOT / "fuzz").iterdir())]
FETCHES = re.compile(r"\b(curl|wget|git clone|npx|npm|pipx|uvx?|docker|easy_install)\b")
INSTALLS = re.compile(r"""\bpip["']?,?\s+["']?(install|download|wheel)\b|-m["',\s]+build\b""")
FULL_COMMIT = re.compile(r"\./.*|[\w.-]+/[\w./-]+@[0-9a-f]{40}|docker://\S+@sha256:[0-9a-f]{64}")


def text_of(path: Path) -> str:
    """Read a file of the project."""
    return path.read_text(encoding="utf-8")


def loose_uses(workflow: str) -> list[str]:
    """Find each `uses:` of a workflow, or of an action, that does not name a full commit."""
    found: list[str] = []

    def look(node: object) -> None:
        if isinstance(node, dict):
            uses = node.get("uses")
            found.extend([uses] if isinstance(uses, str) and not FULL_COMMIT.fullmatch(uses) else [])
            for each in node.values():
                look(each)
        elif isinstance(node, list):
            for each in node:
                look(each)

    look(yaml.safe_load(workflow))
    return found


def test_every_requirement_is_pinned_within_its_range() -> None:
    """To run, to develop, to fuzz, to build: each has one exact version that pyproject.toml admits."""
    pinned = pins.read(text_of(pins.PINS))
    declared = [Requirement(each) for each in pins.declared(text_of(ROOT / "pyproject.toml"))]
    names = {canonicalize_name(each.name) for each in declared}
    assert {"click", "pytest", "hatchling", "atheris"} <= names
    wrong = [
        str(each) for each in declared if not each.specifier.contains(pinned.get(canonicalize_name(each.name), ""))
    ]
    assert wrong == []


def test_what_those_need_is_pinned_too() -> None:
    """Whatever is installed because of FlowForge, its tests or its build has its line."""
    names = {*sbom.closure("flowforge[dev]"), *sbom.closure("hatchling"), pins.EDITABLE} - {"flowforge"}
    assert len(names) > 40
    assert names - pins.read(text_of(pins.PINS)).keys() == set()


def test_constraints_are_exact_and_name_no_registry() -> None:
    """Each line is a name and a version; the file is as `make pins` writes it; a range is no pin."""
    text = text_of(pins.PINS)
    assert pins.written(pins.read(text)) == text
    assert all(re.fullmatch(r"[a-z0-9-]+==[0-9][a-z0-9.]*", line) for line in text.splitlines() if "#" not in line)
    for line in ("click>=8.2", "click", "--index-url https://example.com"):
        with pytest.raises(ValueError, match="unpack"):
            pins.read(line)


def test_make_alone_installs_and_it_says_where_the_pins_are() -> None:
    """What calls pip is the Makefile and tools that it runs; nothing else is fetched by another program."""
    makefile = text_of(ROOT / "Makefile")
    texts = {path.relative_to(ROOT).as_posix(): text_of(path) for path in SCRIPTS if path.is_file()}
    installing = {name for name, text in texts.items() if INSTALLS.search(text)}
    tools = ("advisories", "check_lowest", "check_reproducible", "check_wheel", "pins")
    assert installing == {"Makefile", *(f"tools/{name}.py" for name in tools)}
    assert [name for name in tools if not re.search(rf"tools/{name}\.py|-m tools\.{name}", makefile)] == []
    assert {name: FETCHES.findall(text) for name, text in texts.items() if FETCHES.search(text)} == {}
    assert makefile.index("export PIP_CONSTRAINT") < makefile.index("-m pip install")


@pytest.mark.parametrize(
    ("uses", "loose"),
    [
        ("actions/checkout@v5", True),
        ("actions/checkout@main", True),
        ("actions/checkout@08c6903", True),
        ("actions/checkout@" + "0a" * 20, False),
        ("acme/tools/sub/folder@" + "0a" * 20, False),
        ("./", False),
        ("docker://alpine:3", True),
        ("docker://alpine@sha256:" + "0a" * 32, False),
    ],
)
def test_an_action_is_pinned_to_a_full_commit(uses: str, loose: bool) -> None:  # noqa: FBT001 -- the table's column
    """A tag or a branch can move; a full commit, a digest and our own folder cannot."""
    workflow = f"jobs:\n  a:\n    steps:\n      - run: x\n      - uses: {uses}\n"
    assert loose_uses(workflow) == ([uses] if loose else [])


def test_our_workflows_are_pinned() -> None:
    """Every workflow and action in the tree names full commits."""
    files = [*ROOT.glob(".github/**/*.y*ml"), *ROOT.glob("action.y*ml"), *ROOT.glob("examples/**/.github/**/*.y*ml")]
    assert {str(path): loose_uses(text_of(path)) for path in files if loose_uses(text_of(path))} == {}


def test_the_oldest_are_not_held_to_todays_pins() -> None:
    """`make lowest` keeps the pins of what it does not look for the oldest of."""
    kept = check_lowest.constraints("# x\nclick==8.5\nopenapi-core==1\npytest==9\n", ["click==8.2"])
    assert kept == "# x\npytest==9\n"


def test_the_sbom_lists_what_flowforge_runs_on() -> None:
    """Subject, components with version and package URL, and references that all lead to a component."""
    bom = sbom.document(sbom.closure())
    subject, components = bom["metadata"]["component"], bom["components"]
    assert (bom["bomFormat"], bom["specVersion"], bom["version"]) == ("CycloneDX", "1.6", 1)
    assert (subject["type"], subject["name"], subject["version"]) == ("application", "flowforge", version("flowforge"))
    for each in components:
        url = f"pkg:pypi/{each['name']}@{version(each['name'])}"
        assert (each["type"], each["version"], each["purl"], each["bom-ref"]) == (
            "library",
            version(each["name"]),
            url,
            url,
        )
    assert [each["name"] for each in components if "licenses" not in each] == []
    needs = {each["ref"]: each["dependsOn"] for each in bom["dependencies"]}
    assert needs.keys() == {subject["bom-ref"], *(each["bom-ref"] for each in components)}
    assert {ref for refs in needs.values() for ref in refs} == needs.keys() - {subject["bom-ref"]}
    runtime = check_lowest.lower_bounds(text_of(ROOT / "pyproject.toml"))
    direct = {ref.removeprefix("pkg:pypi/").partition("@")[0] for ref in needs[subject["bom-ref"]]}
    assert direct == {bound.partition("==")[0] for bound in runtime}


def test_the_sbom_leaves_out_what_is_not_asked_for(tmp_path: Path) -> None:
    """Neither the tests' dependencies nor an optional one of a dependency are listed; written twice, it is the same."""
    found = sbom.closure()
    assert {"pytest", "ruff", "h2"} & found.keys() == set()
    assert {"pytest", "ruff"} <= sbom.closure("flowforge[dev]").keys()
    codes = [sbom.main(tmp_path / "dist" / name) for name in ("a.json", "b.json")]
    first, second = (text_of(tmp_path / "dist" / name) for name in ("a.json", "b.json"))
    assert ([0, 0], first) == (codes, second)
    assert len(json.loads(first)["components"]) == len(found) - 1
    with pytest.raises(PackageNotFoundError):
        sbom.closure("not-there-at-all")


@pytest.mark.parametrize(
    ("stated", "licences"),
    [
        ("License-Expression: MIT\nClassifier: License :: OSI Approved :: BSD License\n", [{"expression": "MIT"}]),
        ("License: x\nClassifier: License :: OSI Approved :: BSD License\n", [{"license": {"name": "BSD License"}}]),
        ("License: Apache 2\n", [{"license": {"name": "Apache 2"}}]),
        ("License: All of\n  its text\n", None),
        ("", None),
    ],
)
def test_a_licence_is_listed_where_it_is_stated(tmp_path: Path, stated: str, licences: object) -> None:
    """The expression comes first, then classifiers, then a licence's name; a licence's whole text is no name."""
    (tmp_path / "METADATA").write_text(f"Metadata-Version: 2.4\nName: a\nVersion: 1\n{stated}", encoding="utf-8")
    bom = sbom.document({"a": (PathDistribution(tmp_path), ())})
    assert bom["metadata"]["component"].get("licenses") == licences


def test_the_two_builds_differ_in_all_that_must_not_matter(tmp_path: Path) -> None:
    """The copy has what git tracks, in its present form, with a time and modes of its own; what ran stays runnable."""
    source, target = tmp_path / "source", tmp_path / "target"
    source.mkdir()
    target.mkdir()
    for name in ("a.py", "run", "gone", "untracked"):
        (source / name).write_text(name, encoding="utf-8")
    (source / "run").chmod(0o755)
    subprocess.run(["git", "init", "-q"], cwd=source, check=True)
    subprocess.run(["git", "add", "a.py", "run", "gone"], cwd=source, check=True)
    (source / "gone").unlink()
    before = os.umask(0o077)
    try:
        check_reproducible.copy(source, target, 1_000_000_000, backwards=True)
    finally:
        os.umask(before)
    found = {path.name: (path.stat().st_mode & 0o777, path.stat().st_mtime) for path in target.iterdir()}
    assert found == {"a.py": (0o600, 1_000_000_000), "run": (0o700, 1_000_000_000)}


@pytest.mark.parametrize(("second", "code"), [(b"same", 0), (b"other", 1)])
def test_bytes_that_differ_are_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], second: bytes, code: int
) -> None:
    """Where the two builds differ the file is named and nothing is left in dist; else it is there."""
    contents = iter([b"same", second])

    def build(_: Path, folder: Path, *__: int) -> Path:
        folder.mkdir(parents=True)
        (folder / "a.whl").write_bytes(next(contents))
        return folder

    monkeypatch.setattr(check_reproducible, "build", build)
    ended = check_reproducible.main(tmp_path, tmp_path / "dist")
    said = "built twice, these differ: a.whl\n" if code else ""
    assert (code, said, not code) == (ended, capsys.readouterr().err, (tmp_path / "dist/a.whl").exists())
