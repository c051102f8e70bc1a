"""What is installed, fetched and shipped: pinned, listed, and built the same twice."""

import json
import os
import re
import subprocess
import tomllib
from importlib.metadata import requires
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools import check_reproducible

ROOT = Path(__file__).parents[2]
# Files that may make a machine fetch something, and the one word of each that does so without pip.
SCRIPTS = [
    *(ROOT / each for each in ("Makefile", ".ci/run", "action.yml")),
    *(path for folder in ("action", "tools", "fuzz") for path in sorted((ROOT / folder).iterdir())),
]
FETCHES = re.compile(r"\b(curl|wget|git clone|npx|npm|pipx|uvx|uv (?:pip install|sync|run|tool)|docker|easy_install)\b")
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


def pins(name: str) -> dict[str, str]:
    """Return the versions of a file that uv resolved, by name; fail on a line that is neither a pin nor a hash."""
    pinned: dict[str, str] = {}
    for line in text_of(ROOT / name).splitlines():
        if not re.fullmatch(r"#.*|    --hash=sha256:[0-9a-f]{64}( \\)?", line):
            match = re.fullmatch(r"([a-z0-9-]+)==([0-9][a-z0-9.]*)( ; [^\\]+)?( \\)?", line)
            assert match is not None, line
            pinned[match[1]] = match[2]
    return pinned


def declared() -> list[Requirement]:
    """Return every requirement of pyproject.toml: to run, to develop, to build, and of the tools beside."""
    project = tomllib.loads(text_of(ROOT / "pyproject.toml"))
    lists = [
        project["project"]["dependencies"],
        project["build-system"]["requires"],
        *project["project"]["optional-dependencies"].values(),
        *project["dependency-groups"].values(),
    ]
    return [Requirement(each) for one in lists for each in one]


def closure(*subjects: str) -> set[str]:
    """Return the names of whatever these need here, themselves included."""
    found: set[str] = set()
    waiting = [Requirement(subject) for subject in subjects]
    asked: set[tuple[str, str]] = set()
    while waiting:
        each = waiting.pop()
        for extra in {"", *each.extras}:
            if (each.name, extra) not in asked:
                asked.add((each.name, extra))
                found.add(canonicalize_name(each.name))
                needed = map(Requirement, requires(each.name) or ())
                waiting += [one for one in needed if one.marker is None or one.marker.evaluate({"extra": extra})]
    return found


def test_every_requirement_is_pinned_within_its_range() -> None:
    """To run, to develop, to fuzz, to build: each has one exact version that pyproject.toml admits."""
    pinned, requirements = pins("constraints.txt"), declared()
    names = {canonicalize_name(each.name) for each in requirements}
    assert {"click", "pytest", "hatchling", "atheris", "uv"} <= names
    wrong = [
        str(each) for each in requirements if not each.specifier.contains(pinned.get(canonicalize_name(each.name), ""))
    ]
    assert [] == wrong


def test_what_those_need_is_pinned_too() -> None:
    """Whatever is installed because of FlowForge, its tests or its build has its line, and its hashes."""
    names = closure("flowforge[dev]", "hatchling") - {"flowforge"}
    assert len(names) > 40
    assert (set(), set()) == (names - pins("constraints.txt").keys(), names - pins("requirements-dev.txt").keys())


def test_what_the_tests_need_is_pinned_the_same_in_both_files() -> None:
    """The hashes are those of the versions in constraints.txt, and no pin lacks one."""
    pinned, hashed = pins("constraints.txt"), pins("requirements-dev.txt")
    lines = text_of(ROOT / "requirements-dev.txt").splitlines()
    unhashed = [line for line, after in pairwise(lines) if "==" in line and "--hash=" not in after]
    assert ({name: pinned[name] for name in hashed}, []) == (hashed, unhashed)


def test_no_file_names_a_registry() -> None:
    """Pins hold for a mirror too: no file that an installer reads has an address, or an option that names one.

    The addresses of `[project.urls]` are for people: no installer reads them.
    """
    files = ("constraints.txt", "requirements-dev.txt", "action/requirements.txt", "pyproject.toml", "Makefile")
    texts = {name: re.sub(r"(?ms)^\[project\.urls\]\n.*?(?=^\[)", "", text_of(ROOT / name)) for name in files}
    naming = re.compile(r"https?://(?!api\.github)|(?<!no-emit-)(index-url|find-links|\[\[?tool\.uv)")
    assert {} == {name: naming.findall(text) for name, text in texts.items() if naming.search(text)}


def test_make_alone_installs_and_it_says_where_the_pins_are() -> None:
    """What calls pip is the Makefile, tools that it runs, and the action; nothing is fetched by another program."""
    makefile = text_of(ROOT / "Makefile")
    texts = {path.relative_to(ROOT).as_posix(): text_of(path) for path in SCRIPTS if path.is_file()}
    installing = {name for name, text in texts.items() if INSTALLS.search(text)}
    tools = {f"tools/{name}.py" for name in ("check_reproducible", "check_wheel")}
    assert installing == {"Makefile", "action/install.py", *tools}
    assert [
        name for name in tools if name not in makefile and f"-m {name[:-3].replace('/', '.')}" not in makefile
    ] == []
    # What is fuzzed has the words of programs in it, and runs none of them.
    texts.pop("fuzz/workflows.py")
    fetched = {name: FETCHES.findall(text) for name, text in texts.items() if FETCHES.search(text)}
    # What tests run from npm: exact versions, each with the hash of its file, and none of their scripts is run.
    # CI has apt install curl, with which a page of the docs is tried.
    assert ({"Makefile": ["npm"], ".ci/run": ["curl"]}, True) == (
        fetched,
        "npm ci --prefix tools/node --ignore-scripts" in makefile,
    )
    assert makefile.index("export PIP_CONSTRAINT") < makefile.index("-m pip install")


def test_what_comes_from_npm_is_pinned_by_hash() -> None:
    """Every package of the lock file has the hash of its file, and no address; ours names exact versions alone."""
    wanted = json.loads(text_of(ROOT / "tools/node/package.json"))["dependencies"]
    packages = json.loads(text_of(ROOT / "tools/node/package-lock.json"))["packages"]
    held = {name: each for name, each in packages.items() if name}
    assert (set(), set()) == (
        {name for name, version in wanted.items() if not re.fullmatch(r"\d+\.\d+\.\d+", version)},
        {name for name, each in held.items() if "resolved" in each or not each["integrity"].startswith("sha512-")},
    )


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
    files = [*ROOT.glob(".github/**/*.y*ml"), *ROOT.glob("action.y*ml"), *ROOT.glob("examples/workflows/*.y*ml")]
    assert {str(path): loose_uses(text_of(path)) for path in files if loose_uses(text_of(path))} == {}


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
    tmp_path: Path, capsys: pytest.CaptureFixture[str], second: bytes, code: int
) -> None:
    """Where the two builds differ the file is named and nothing is left in dist; else it is there."""
    contents = iter([b"same", second])

    def build(_: Path, folder: Path, *__: int) -> Path:
        folder.mkdir(parents=True)
        (folder / "a.whl").write_bytes(next(contents))
        return folder

    ended = check_reproducible.main(tmp_path, tmp_path / "dist", build)
    said = "built twice, these differ: a.whl\n" if code else ""
    assert (code, said, not code) == (ended, capsys.readouterr().err, (tmp_path / "dist/a.whl").exists())
