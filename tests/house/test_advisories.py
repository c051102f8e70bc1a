"""Known advisories: neither the oldest dependencies that we admit nor the pinned ones have one; asking is honest."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from packaging.version import Version

from tools import advisories

ROOT = Path(__file__).parents[2]
# Package, the first release without it, and the advisory, of what FlowForge and its tests install. `make advisories`
# asks for newer ones; what it finds gets a line here, and the bound or the pin that it takes.
KNOWN = (
    ("anyio", "4.14.2", "CVE-2026-63374"),
    ("anyio", "4.14.2", "CVE-2026-64847"),
    ("certifi", "2024.7.4", "CVE-2024-39689"),
    ("click", "8.3.3", "CVE-2026-7246"),
    ("cryptography", "46.0.7", "CVE-2026-39892"),
    ("cryptography", "50.0.0", "CVE-2026-69247"),
    ("deepdiff", "8.6.1", "CVE-2025-58367"),
    ("deepdiff", "8.6.2", "CVE-2026-33155"),
    ("filelock", "3.20.1", "CVE-2025-68146"),
    ("filelock", "3.20.3", "CVE-2026-22701"),
    ("h11", "0.16.0", "CVE-2025-43859"),
    ("httpx", "0.23.0", "CVE-2021-41945"),
    ("idna", "3.7", "CVE-2024-3651"),
    ("idna", "3.15", "CVE-2026-45409"),
    ("pygments", "2.20.0", "CVE-2026-4539"),
    ("pyjwt", "2.12.0", "CVE-2026-32597"),
    ("pynacl", "1.6.2", "CVE-2025-69277"),
    ("pytest", "9.0.3", "CVE-2025-71176"),
    ("pyyaml", "5.4", "CVE-2020-14343"),
    ("werkzeug", "3.1.6", "CVE-2026-27199"),
)


def affected(versions: list[str]) -> list[str]:
    """Return the advisories of some `name==version`, as the table has them."""
    found = dict(each.split("==") for each in versions)
    return [
        f"{name} {found[name]}: {advisory}, mended in {mended}"
        for name, mended, advisory in KNOWN
        if name in found and Version(found[name]) < Version(mended)
    ]


def test_no_bound_admits_a_known_advisory() -> None:
    """Whoever installs FlowForge beside older things gets none with an advisory, of what FlowForge itself asks for."""
    pyproject = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    bounds = advisories.lower_bounds(pyproject)
    assert {"filelock==3.20.3", "pynacl==1.6.2"} <= set(bounds)
    assert affected(bounds) == []


def test_no_pin_has_a_known_advisory() -> None:
    """Nor does what `make` installs, tests and all that comes along included."""
    pinned = advisories.pinned(advisories.PINS.read_text(encoding="utf-8"))
    assert {name for name, _, _ in KNOWN} <= {each.split("==")[0] for each in pinned}
    assert affected(pinned) == []


def test_the_table_bites() -> None:
    """The bounds of before had five of them."""
    before = ["click==8.2", "deepdiff==8.6", "filelock==3.16", "httpx==0.28.1", "pynacl==1.5", "pyyaml==6.0.2"]
    assert [
        "click 8.2: CVE-2026-7246, mended in 8.3.3",
        "deepdiff 8.6: CVE-2025-58367, mended in 8.6.1",
        "deepdiff 8.6: CVE-2026-33155, mended in 8.6.2",
        "filelock 3.16: CVE-2025-68146, mended in 3.20.1",
        "filelock 3.16: CVE-2026-22701, mended in 3.20.3",
        "pynacl 1.5: CVE-2025-69277, mended in 1.6.2",
    ] == affected(before)


def report(*dependencies: dict[str, Any]) -> str:
    """Return what pip-audit says of these."""
    return json.dumps({"dependencies": dependencies, "fixes": []})


FINE = {"name": "click", "version": "8.3.3", "vulns": []}
BAD = {
    "name": "filelock",
    "version": "3.16",
    "vulns": [{"id": "GHSA-1", "fix_versions": ["3.20.1"], "aliases": ["CVE-1"]}, {"id": "GHSA-2", "fix_versions": []}],
}
SKIPPED = {"name": "rich", "skip_reason": "Dependency not found on PyPI and could not be audited: rich (13.9)"}


def test_what_an_answer_says() -> None:
    """Each advisory is a line, with its names and what mends it; an answer without any is a good one."""
    assert [] == advisories.advisories(report(FINE))
    assert [
        "filelock 3.16: GHSA-1, CVE-1, mended in 3.20.1",
        "filelock 3.16: GHSA-2, mended in no release",
    ] == advisories.advisories(report(FINE, BAD))


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("", "there is no answer"),
        ("{}", "there is no answer"),
        ("[]", "there is no answer"),
        (report(), "nothing was asked about"),
        (report(FINE, SKIPPED), "nothing is known about rich"),
    ],
)
def test_no_answer_is_not_a_good_one(said: str, expected: str) -> None:
    """Where a mirror knows no advisories pip-audit skips every package, says that it found none, and ends with 0."""
    with pytest.raises(advisories.UnansweredError, match=expected):
        advisories.advisories(said)


FAKE = """#!{python}
import sys
sys.exit(print(open({folder!r} + "/" + sys.argv[sys.argv.index("--vulnerability-service") + 1]).read(), end=""))
"""


@pytest.mark.parametrize(
    ("pypi", "osv", "expected"),
    [
        (report(FINE), "", (True, "oldest: no known advisory\n", "")),
        (report(SKIPPED), report(FINE), (True, "oldest: no known advisory\n", "")),
        ("", report(FINE, BAD), (False, "oldest: filelock 3.16: GHSA-1, CVE-1, mended in 3.20.1\n", "")),
        (
            report(SKIPPED),
            "",
            (False, "", "oldest: nobody could be asked (pypi: nothing is known about rich; osv: there is no answer)\n"),
        ),
    ],
)
def test_each_service_is_asked_until_one_answers(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], pypi: str, osv: str, expected: tuple[bool, str, str]
) -> None:
    """The second service is asked where the first does not know; where neither does, it says so and fails."""
    fake = tmp_path / "python"
    fake.write_text(FAKE.format(python=sys.executable, folder=str(tmp_path)), encoding="utf-8")
    fake.chmod(0o755)
    for name, text in (("pypi", pypi), ("osv", osv)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    well = advisories.judge("oldest", ["filelock==3.16"], str(fake), tmp_path)
    shown = capfd.readouterr()
    assert (well, shown.out.splitlines(keepends=True)[0] if shown.out else "", shown.err) == expected
    assert "filelock==3.16\n" == (tmp_path / "oldest.txt").read_text(encoding="utf-8")


def test_make_has_it() -> None:
    """`make advisories` runs it, in an environment of its own."""
    done = subprocess.run(["make", "-n", "advisories"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert 'tools/advisories.py ".venv-supply/bin/python"' in done.stdout
