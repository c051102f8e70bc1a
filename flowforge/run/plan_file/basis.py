"""All that a plan stands on, put together for a saved plan: what its digest is over, and what apply compares."""

import base64
import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from flowforge.manifest.model import Manifest
from flowforge.manifest.places import Place
from flowforge.plan.digest import lines_of
from flowforge.run.planning import PreparedPlan
from flowforge.run.task import Task
from flowforge.state.codec import digest
from flowforge.state.model import State
from flowforge.steps.backend.state_backend import StateBackend


def basis(task: Task, backend: StateBackend, state: State, prepared: PreparedPlan, api: str) -> dict[str, Any]:
    """Give it as plain data; see schemas/plan-file.schema.json. api: the address of GitHub's API."""
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
    """Name the files of a manifest from the first one's folder on: another folder may have the same ones."""
    folder = os.path.realpath(manifest.folder)
    return sorted(Path(os.path.relpath(os.path.realpath(file), folder)).as_posix() for file in manifest.files)


def _state(state: State, backend: StateBackend) -> dict[str, Any]:
    """Give which state it is. The salt only of one that has yet to begin: else it stands in the state alone."""
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
    """Give the repos, with their ids, that each group's or entry's selector found and the manifest is about."""
    found: dict[str, dict[str, int]] = {}
    for place in places:
        for holder in place.holders:
            found.setdefault(holder.name, {})[place.address.scope.repo.key] = place.repo_id
        for viewer in place.viewers:
            for holder in viewer.holders:
                found.setdefault(holder.name, {})[viewer.repo.key] = viewer.id
    return found
