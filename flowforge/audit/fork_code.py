"""Whether a step checks out the code of a fork, in the place where the job works."""

import re
from typing import Final

from flowforge.audit.fork_paths import COMMITS, NUMBERS, REPOSITORIES, AccessPath, is_own, paths
from flowforge.audit.fork_scripts import ForkRefs, may_take_pull
from flowforge.workflows.expressions import read_template
from flowforge.workflows.nodes import lowered
from flowforge.workflows.occurrence import Occurrence
from flowforge.workflows.pins import read_uses

# Other actions that may bring code of another place, by parts of their names.
_BRINGS: Final = re.compile(r"checkout|clone|fetch|pull|fork|merge|branch|(^|[-_/])pr([-_/]|$)")
_SCRIPTS: Final = "actions/github-script"
_STARTS_GIT: Final = re.compile(r"\bgit\b.*\b(exec|spawn)|\b(exec|spawn).*\bgit\b", re.DOTALL)


def checks_out_fork(occurrence: Occurrence, fetched: ForkRefs) -> bool:
    """Return whether a step checks out a fork's code at the root of the job's folder.

    fetched: what the steps of its job before it have fetched; what this one fetches is noted there.
    """
    step = occurrence.step
    if step is None:
        return False
    uses = read_uses(step.uses) if step.uses else None
    if uses is not None:
        return uses.repo == "actions/checkout" and _checkout(occurrence)
    return fetched.puts_into_tree(step.run, occurrence.scope)


def may_check_out_pull(occurrence: Occurrence) -> bool:
    """Return whether a step may check out a pull request's code, whatever the event, and wherever it puts that.

    It asks whether a job may be trusted with more, so what nobody can tell counts as well.
    """
    step = occurrence.step
    if step is None:
        return False
    uses = read_uses(step.uses) if step.uses else None
    if uses is None:
        return bool(step.run) and may_take_pull(step.run, occurrence.scope, occurrence.shell)
    inputs = lowered(step.inputs)
    if uses.whole == _SCRIPTS:
        return "script" in inputs and bool(_STARTS_GIT.search(inputs["script"][1].text))
    if uses.repo != "actions/checkout":
        return bool(_BRINGS.search(uses.whole))
    texts = [inputs[name][1].text for name in ("ref", "repository") if name in inputs]
    found = {path for text in texts for path in paths(read_template(text), occurrence.scope)}
    return any("pull/" in text for text in texts) or not all(map(is_own, found))


def _checkout(occurrence: Occurrence) -> bool:
    inputs = lowered(occurrence.step.inputs if occurrence.step else None)
    path = inputs["path"][1].text.strip().rstrip("/") if "path" in inputs else ""
    # In a folder of its own the fork's code is data: what the job runs and what Claude reads at start lie at the root.
    if path not in {"", ".", "./", "${{ github.workspace }}"}:
        return False

    def of(name: str) -> set[AccessPath]:
        return paths(read_template(inputs[name][1].text), occurrence.scope) if name in inputs else set()

    ref = of("ref")
    # Either is enough: without `repository` a commit of the fork is fetched from the base, where refs/pull keeps it.
    if ref & COMMITS or of("repository") & REPOSITORIES:
        return True
    # A number alone is a pull request only behind `refs/pull/`.
    text = inputs["ref"][1].text if "ref" in inputs else ""
    return "refs/pull/" in text.replace(" ", "") and bool(ref & NUMBERS)
