"""How the options of `plan` and `apply` become a request to the flow."""

import os
import sys
from functools import partial
from typing import Any

from flowforge.cli.signals import Interruption
from flowforge.cli.streams import say
from flowforge.errors import Problem, UsageError
from flowforge.plan.safety import Allowed
from flowforge.render import progress
from flowforge.run import Request


def request(interruption: Interruption, options: dict[str, Any], *, quiet: bool) -> Request:
    """Make a request from the options of `plan` or `apply`; raises UsageError (FF019)."""
    if options["prove"] and options["accept_drift"]:
        why = "one writes what is only assumed, the other assumes what was changed outside"
        raise UsageError(Problem("FF019", "--prove and --accept-drift say opposite things", why=why, fix="say one"))
    return Request(
        manifests=tuple(options["manifests"]),
        environ=dict(os.environ),
        limit=options["limit"],
        exclude=options["exclude"],
        tags=options["tags"],
        jobs=options["jobs"],
        max_wait=options["max_wait"],
        skip_values=options["skip_values"],
        prune=options["prune"],
        prove=options["prove"],
        accept_drift=options["accept_drift"],
        keep_going=options["keep_going"],
        allowed=Allowed(
            deletes=options["allow_deletes"],
            takeover=options["allow_takeover"],
            empty=options["allow_empty"],
            manifest_change=options["allow_manifest_change"],
            new_repos=options["allow_new_repos"],
            widening=options["allow_widening"],
        ),
        interactive=not os.environ.get("CI") and sys.stdin.isatty() and sys.stderr.isatty(),
        stop=interruption.stop,
        progress=_progress(quiet=quiet),
        notify=_nothing if quiet else say,
    )


def _nothing(_: str) -> None:
    """Say nothing: -q wants neither progress nor warnings."""


def _progress(*, quiet: bool) -> Any:  # noqa: ANN401 -- one of three functions of the same shape
    if quiet:
        return progress.nothing
    return progress.bar if sys.stderr.isatty() else partial(progress.lines, say)
