"""Which sources and files a manifest may name: the operator's rules, taken from the environment only.

A manifest is code. Whoever proposes one must not thereby read every file of the runner that applies it.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from flowforge.errors import Problem, TrustError, printable
from flowforge.sources.base import Context

SOURCES_VARIABLE: Final = "FLOWFORGE_ALLOWED_SOURCES"
PATHS_VARIABLE: Final = "FLOWFORGE_ALLOWED_PATHS"


# What says, in the CI systems that there are, that a run was begun by a proposal; only that is not trusted yet.
_PROPOSALS: Final[Mapping[str, re.Pattern[str]]] = MappingProxyType(
    {
        "GITHUB_EVENT_NAME": re.compile(r"pull_request.*"),  # also Gitea and Forgejo
        "CI_PIPELINE_SOURCE": re.compile(r"merge_request_event|external_pull_request_event"),  # GitLab
        "CI_MERGE_REQUEST_IID": re.compile(r".+"),  # GitLab, in the child pipelines of such a one
        "BUILD_REASON": re.compile(r"PullRequest"),  # Azure Pipelines
        "BITBUCKET_PR_ID": re.compile(r".+"),
        "BUILDKITE_PULL_REQUEST": re.compile(r"\d+"),
        "CHANGE_ID": re.compile(r".+"),  # Jenkins
        "CIRCLE_PULL_REQUEST": re.compile(r".+"),
        "CI_PIPELINE_EVENT": re.compile(r"pull_request.*"),  # Woodpecker
        "DRONE_BUILD_EVENT": re.compile(r"pull_request"),
        "TRAVIS_PULL_REQUEST": re.compile(r"\d+"),
    }
)


def require_source(name: str, context: Context) -> None:
    """Raise TrustError where the operator's rules forbid a source.

    FF231: FLOWFORGE_ALLOWED_SOURCES is set and lists other sources only. FF259: it is unset, the run was begun by a
    pull request, and the source runs what the manifest names: `command` and plugins, which have a hyphen.
    """
    allowed = context.listed(SOURCES_VARIABLE)
    if allowed is None:
        _require_no_proposal(name, context)
    elif name not in allowed:
        why = (
            f"it admits {printable(', '.join(sorted(allowed)))}"
            if allowed
            else "it is set but empty, so it admits none"
        )
        fix = f"use another source, or let the operator add {name} to {SOURCES_VARIABLE}"
        raise TrustError(Problem("FF231", f"source {name} is not allowed by {SOURCES_VARIABLE}", why=why, fix=fix))


def _require_no_proposal(name: str, context: Context) -> None:
    variable = _proposed(context.environ)
    if variable is None or (name != "command" and "-" not in name):
        return
    fix = (
        f"plan after the merge; or let the operator set {SOURCES_VARIABLE} to what a proposed manifest may use, "
        f"{name} among it"
    )
    why = f"{variable} says so, and whoever proposes a manifest must not thereby run programs here"
    raise TrustError(Problem("FF259", f"source {name} is refused for a pull request", why=why, fix=fix))


def _proposed(environ: Mapping[str, str]) -> str | None:
    """Give the variable by which CI says that a pull request began this run; None where none says so."""
    return next((name for name, form in _PROPOSALS.items() if form.fullmatch(environ.get(name, ""))), None)


def confining(context: Context) -> tuple[Path, ...] | None:
    """List the folders that files must lie below, their links resolved; None where files are not confined.

    They are confined where CI is set, and where FLOWFORGE_ALLOWED_PATHS is: to the manifest's folder and to the folders
    of that variable, which commas or the system's path separator (`:`) set apart.
    """
    listed = context.environ.get(PATHS_VARIABLE)
    if listed is None and not context.environ.get("CI"):
        return None
    extra = filter(None, (part.strip() for part in re.split(f"[,{os.pathsep}]", listed or "")))
    return tuple(Path(os.path.realpath(folder)) for folder in (context.folder, *extra))
