"""The corpus: for each folder, what must be found is found, and nothing that must not be."""

from pathlib import Path
from typing import Any

import pytest

from tools.audit_corpus import folders, judge, run


@pytest.mark.parametrize("folder", folders(), ids=lambda folder: f"{folder.parent.name}/{folder.name}")
def test_a_folder(folder: Path) -> None:
    """Everything that the folder expects is found in its line or step, and no error or warning besides."""
    judged = judge(folder)
    wrong = [f"{each.code} {each.file}:{each.line}" for each in judged.wrong]
    assert ([], []) == (judged.missed, wrong)


@pytest.mark.parametrize("folder", folders(), ids=lambda folder: f"{folder.parent.name}/{folder.name}")
def test_the_steps_of_a_folder(folder: Path) -> None:
    """Where a folder lists the Claude steps, these are all of them, with whatever it says of each."""
    expected, found = run(folder)
    listed = [_plain(step) for step in found.steps]
    wanted = expected.get("steps")
    unlike = [step for step in wanted or () if not any(_agrees(step, each) for each in listed)]
    assert ([], len(listed)) == (unlike, len(listed) if wanted is None else len(wanted)), listed


def test_there_is_a_corpus() -> None:
    """The corpus is where it is looked for, so that no test above is about nothing."""
    assert len(folders()) > 2


def _plain(step: Any) -> dict[str, Any]:  # noqa: ANN401 -- an AuditStep
    needs = [
        {name: list(value) if isinstance(value := getattr(need, name), tuple) else value for name in need.__slots__}
        for need in step.needs
    ]
    via = {name: getattr(step.via, name) for name in step.via.__slots__} if step.via else None
    return {**{name: getattr(step, name) for name in step.__slots__}, "needs": needs, "via": via}


def _agrees(expected: Any, found: Any) -> bool:  # noqa: ANN401 -- JSON
    """Whether something has all that is expected of it; lists agree item by item."""
    if isinstance(expected, dict):
        return isinstance(found, dict) and all(_agrees(value, found.get(key)) for key, value in expected.items())
    if isinstance(expected, list):
        pairs = zip(expected, found or (), strict=False)
        return len(expected) == len(found or ()) and all(_agrees(one, other) for one, other in pairs)
    return bool(expected == found)
