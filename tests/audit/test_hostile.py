"""Bad input: whatever a file is, an audit comes of it, says what is so, and works in proportion to its size."""

import sys
from pathlib import Path
from typing import Final

import pytest

from flowforge.audit.checkout import read_checkout
from flowforge.audit.codes import Severity
from flowforge.audit.fixes.propose import propose
from flowforge.audit.judge import audit
from flowforge.audit.model import RepoFacts
from flowforge.workflows.programs import read_script
from tests.audit.growing import FACTS, GROWING, files_of
from tests.audit.hostile import CASES, Hostile, many
from tests.rows import one_in

TIMES: Final = 4
SLACK: Final = 1.25
"""How much more than its share a larger file may take: tables that are filled once, and the ends of lists."""


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_is_said_of_a_hostile_folder(case: Hostile, tmp_path: Path) -> None:
    """Each error and warning is one that the case expects, at its line; its notes are there, and its steps."""
    case.write(tmp_path)
    checkout = read_checkout(tmp_path)
    found = audit(checkout.files, RepoFacts(), checkout.unread)
    codes = {each.code for each in found.findings}
    unmet = [
        (code, line)
        for code, line in case.must
        if not any(each.code == code and line in {None, each.line} for each in found.findings)
    ]
    expected = {code for code, _ in case.must}
    others = {each.code for each in found.findings if each.level is not Severity.NOTE} - expected
    steps = case.steps if case.steps is not None else len(found.steps)
    assert ([], set(), set(), steps) == (unmet, others, codes & set(case.must_not), len(found.steps))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_no_patch_breaks_on_a_hostile_folder(case: Hostile, tmp_path: Path) -> None:
    """Where nothing can be read nothing is mended, and what is odd elsewhere keeps nothing from its patch."""
    case.write(tmp_path)
    checkout = read_checkout(tmp_path)
    proposal = propose(checkout.files, RepoFacts(), checkout.unread, guards=True)
    assert bool(proposal.mended) == bool(proposal.patch)


def _work(text: str) -> int:
    """Return how many calls an audit of a file makes, those of the interpreter's own functions too."""
    counted = 0

    def count(frame: object, event: str, argument: object) -> None:
        nonlocal counted
        del frame, argument
        counted += event in {"call", "c_call"}

    # It remembers what it has read, and each file is to be read anew.
    read_script.cache_clear()
    before = sys.getprofile()
    sys.setprofile(count)
    try:
        audit(files_of(text), FACTS)
    finally:
        sys.setprofile(before)
    return counted


@pytest.mark.parametrize("name", one_in(2, GROWING))
def test_work_grows_as_the_file_does(name: str) -> None:
    """Four times the file is four times the work, counted in calls, so that no clock of a busy machine decides."""
    maker, size = GROWING[name]
    # What is compiled and kept for the next file is nobody's share.
    _work(maker(1))
    one, small, large = maker(1), maker(size), maker(size * TIMES)
    ratio = (len(large) - len(one)) / (len(small) - len(one))
    nothing, little, much = _work(one), _work(small), _work(large)
    grown = (much - nothing) / max(little - nothing, 1)
    assert grown <= ratio * SLACK, f"{grown:.1f} times the work for {ratio:.1f} times the file"


def test_work_grows_as_the_repository_does() -> None:
    """A repository of 300 workflows is three times one of 100."""
    works = []
    for count in (100, 300):
        files = {f".github/workflows/{name}": content.decode() for name, content in many(count).items()}
        works.append(sum(_work(text) for text in files.values()))
    assert works[1] <= works[0] * 3 * SLACK
