"""How the options of `plan` and `apply` become a request to the flow."""

import os
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any, Final

from flowforge.cli.options import chosen_owner
from flowforge.cli.output import is_dumb
from flowforge.cli.signals import Interruption
from flowforge.cli.streams import above_bar, say
from flowforge.cli.surroundings import Outside
from flowforge.cli.trace import trace
from flowforge.errors import Problem, UsageError
from flowforge.plan.safety import Allowed
from flowforge.render import progress
from flowforge.run import Request
from flowforge.waiting import Waiting

_ALLOWED: Final = tuple(each.name for each in fields(Allowed))


def request(interruption: Interruption, options: dict[str, Any], *, quiet: bool) -> Request:
    """Make a request from the options of `plan`, `apply` or `adopt`; raises UsageError (FF019)."""
    # `get`: adopt comes here too, which has neither.
    if options.get("prove") and options.get("accept_drift"):
        why = "one writes what is only assumed, the other assumes what was changed outside"
        raise UsageError(Problem("FF019", "--prove and --accept-drift say opposite things", why=why, fix="say one"))
    outside, waiting = Outside.now(), Waiting()
    return Request(
        manifests=tuple(options["manifests"]),
        environ=dict(os.environ),
        limit=options["limit"],
        exclude=options["exclude"],
        owner=chosen_owner(),
        tags=options["tags"],
        jobs=options["jobs"],
        max_wait=options["max_wait"],
        cache=not options["no_cache"],
        pace=options["pace"],
        lock_timeout=options.get("lock_timeout", 0.0),
        skip_values=options["skip_values"],
        audit=bool(options.get("audit")),
        verify=options.get("verify", False),
        confirm=bool(options.get("confirm")),
        **{name: options[name] for name in ("prune", "prove", "accept_drift", "keep_going") if name in options},
        allowed=Allowed(**{name: options[f"allow_{name}"] for name in _ALLOWED if f"allow_{name}" in options}),
        interactive=_is_interactive(outside),
        stop=interruption.stop,
        progress=_progress(outside, waiting, quiet=quiet),
        waiting=waiting,
        notify=_nothing if quiet else say,
        unforeseen=trace if options["verbose"] else _nothing,
        **outside.request,
    )


def plain(manifests: tuple[Path, ...], **more: Any) -> Request:  # noqa: ANN401 -- Request's own members
    """Make a request of a command that plans nothing."""
    outside = Outside.now()
    interactive = _is_interactive(outside)
    return Request(
        manifests,
        dict(os.environ),
        owner=chosen_owner(),
        interactive=interactive,
        notify=say,
        **more,
        **outside.request,
    )


def _is_interactive(outside: Outside) -> bool:
    """Whether a person can be asked for a value."""
    # A job of CI may have a terminal, as `docker run -t` gives one, with nobody at it.
    return not os.environ.get("CI") and outside.screen.is_read() and outside.screen.is_seen()


def _nothing(_: object) -> None:
    """Stay quiet: -q wants neither progress nor warnings."""


def _progress(outside: Outside, waiting: Waiting, *, quiet: bool) -> Any:  # noqa: ANN401 -- one of three functions of the same shape
    if quiet:
        return progress.nothing
    # A terminal that cannot draw a line again would show every step of a bar.
    drawn = outside.screen.is_seen() and not is_dumb()
    shown = partial(progress.bar, above_bar) if drawn else partial(progress.lines, say)
    return partial(shown, waiting)
