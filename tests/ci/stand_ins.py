"""What stands in for the actions of GitHub's own that our files use. Each knows the inputs that ours give it."""

import sys
from collections.abc import Callable, Mapping
from typing import Final

from tests.ci.runner import Run, copied

Inputs = dict[str, str]


def checkout(run: Run, inputs: Inputs) -> Inputs:
    """Copy the files of the event's commit, or of a branch, into the workspace; leave no credential there."""
    assert inputs.pop("persist-credentials") == "false"
    target = run.workspace / inputs.pop("path", "")
    assert inputs.keys() <= {"ref"}
    assert "contents" in run.permissions
    source = run.site.branches.get(inputs.get("ref", ""))
    if source is None:
        raise FileNotFoundError(inputs)
    copied(source, target)
    return {}


def setup_python(_: Run, inputs: Inputs) -> Inputs:
    """Return where a Python is: this one."""
    assert {"python-version": "3.13", "update-environment": "false"} == inputs
    return {"python-path": sys.executable}


def upload(run: Run, inputs: Inputs) -> Inputs:
    """Keep a file under a name; nobody can have it before the run says its id."""
    assert {"name", "path", "if-no-files-found"} == inputs.keys()
    folder = run.site.folder / f"artifact-{run.id}-{inputs['name']}"
    copied(run.workspace / inputs["path"], folder)
    run.site.artifacts[run.id, inputs["name"]] = folder
    return {}


def download(run: Run, inputs: Inputs) -> Inputs:
    """Return the files of an artifact of this run; of another one where the job may read it."""
    source = inputs.get("run-id", run.id)
    assert source == run.id or (run.permissions.get("actions") == "read" and inputs["github-token"])
    folder = run.site.artifacts.get((source, inputs["name"]))
    if folder is None:
        raise FileNotFoundError(inputs["name"])
    copied(folder, run.workspace / inputs.get("path", ""))
    return {}


STAND_INS: Final[Mapping[str, Callable[[Run, Inputs], Inputs]]] = {
    "actions/checkout": checkout,
    "actions/setup-python": setup_python,
    "actions/upload-artifact": upload,
    "actions/download-artifact": download,
}
