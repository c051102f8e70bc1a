"""The options of `rotate`, which its row in the table of commands names."""

from flowforge.cli.option_types import Duration, Formats
from flowforge.cli.options import (
    BRAKES,
    Options,
    argument,
    asking_options,
    completing,
    lock_option,
    manifest_option,
    option,
    output_options,
    owner_option,
    plain_option,
    yes_option,
)


def rotate_options(formats: Formats) -> Options:
    """Yield the options of `rotate`."""
    yield argument("credential", shell_complete=completing("credentials"))
    yield manifest_option()
    yield owner_option()
    yield from asking_options()
    batch = "Repos of each batch: numbers, percentages, and `rest` at the end; 1,10%,rest unless given."
    yield option("--batch", default="", metavar="LIST", text=batch)
    canary = "A workflow to dispatch after each batch in its first three repos by name; it must end well there."
    yield option("--canary", default="", metavar="WORKFLOW", text=canary)
    command = "A command to run instead, once for each of these repos, whose name it gets."
    yield option("--canary-command", default="", metavar="COMMAND", text=command)
    longest = "How long a canary may take; 30m unless given."
    yield option("--canary-timeout", type=Duration(), default=None, metavar="TIME", text=longest)
    dropped = "Go on without the canary that the rotation was begun with."
    yield plain_option("--no-canary", is_flag=True, text=dropped)
    yield plain_option("--check", is_flag=True, text="Only show the walk.")
    yield plain_option("--back", is_flag=True, text="Put the old value back where this rotation wrote the new one.")
    yield plain_option(
        "--now", is_flag=True, text="The key leaked: no batches, all at once, then what is still exposed."
    )
    runs = "Cancel the runs that were queued before the last write, which have the old value."
    yield plain_option("--cancel-runs", is_flag=True, text=runs)
    known = "The id of the old key, where the state has not recorded it: apikey_…"
    yield plain_option("--old-key", default="", metavar="ID", text=known)
    quiet = "End only when the old key was not used for so long; the Admin key may read that."
    yield plain_option("--quiet-for", type=Duration(), default="0", metavar="TIME", text=quiet)
    off = "Then switch that key off, if it is the old one, is quiet, and is nowhere any more."
    yield plain_option("--deactivate", default="", metavar="ID", text=off)
    yield yes_option("--auto-approve", "yes")
    yield lock_option()
    yield plain_option(
        "--allow-takeover", panel=BRAKES, is_flag=True, text="Admit overwriting many secrets that are not remembered."
    )
    yield plain_option(
        "--allow-widening", panel=BRAKES, is_flag=True, text="Admit that more repos see an organization's secret."
    )
    yield from output_options(formats, "report", "plan")
