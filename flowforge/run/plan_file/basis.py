"""All that a plan stands on: what the digest of a saved plan covers, and what apply compares."""

import base64
import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from flowforge.manifest.model import Manifest
from flowforge.manifest.places import Place
from flowforge.plan.digest import lines_of
from flowforge.real_path import real_path
from flowforge.run.planning import PreparedPlan
from flowforge.run.task import Task
from flowforge.state.codec import digest
from flowforge.state.model import State
from flowforge.steps.backend.state_backend import StateBackend


def basis(task: Task, backend: StateBackend, state: State, prepared: PreparedPlan, api: str) -> dict[str, Any]:
    """Return it as plain data, as schemas/plan-file.schema.json describes it. api: the address of GitHub's API."""
    # A file of patterns may have changed, or be missing, where the plan is applied: its patterns are written out.
    limit, exclude = task.filter.spelled_out(task.repos(state))
    planned = prepared.planned
    return {
        "flags": replace(task.request, limit=limit, exclude=exclude).flags,
        "manifests": manifests_of(task.manifest),
        "github": api,
        "state": _state(state, backend),
        "selected": _selected(task.places),
        "repos": {repo.key: info.id for repo, info in prepared.repos.items()},
        "unresolved": {each.entry: each.unreadable.why.value for each in planned.plan.unresolved},
        "brakes": {brake.code: brake.flag for brake in planned.brakes},
        "lines": lines_of(planned.plan),
    }


def manifests_of(manifest: Manifest) -> list[str]:
    """Return the files of a manifest, relative to the folder of the first: apply may run in another checkout."""
    # Links are resolved on both sides: a checkout below a link must not look like other manifests.
    folder = real_path(manifest.folder)
    return sorted(Path(os.path.relpath(real_path(file), folder)).as_posix() for file in manifest.files)


def _state(state: State, backend: StateBackend) -> dict[str, Any]:
    """Return which state it is, with its serial and a digest of its content."""
    # Before the first write the state exists nowhere. Its salt goes with the plan, or apply would make other
    # fingerprints of the same values and find every one of them changed. Later the salt stays in the state.
    key_id = backend.key_id(state) or None
    salt = None if state.serial else base64.b64encode(state.salt).decode("ascii")
    return {
        "lineage": state.lineage,
        "serial": state.serial,
        "salt": salt,
        "key_id": key_id,
        "remembers": digest(state),
    }


def _selected(places: Iterable[Place]) -> Mapping[str, Mapping[str, int]]:
    """Return the repos that selectors found for the places of the manifest, with their ids, by group or entry."""
    found: dict[str, dict[str, int]] = {}
    for place in places:
        for holder in place.holders:
            found.setdefault(holder.name, {})[place.address.scope.repo.key] = place.repo_id
        for viewer in place.viewers:
            for holder in viewer.holders:
                found.setdefault(holder.name, {})[viewer.repo.key] = viewer.id
    return found
