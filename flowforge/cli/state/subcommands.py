"""The table of the subcommands of `flowforge state`."""

from typing import Final

from flowforge.cli.lazy import Row
from flowforge.cli.option_types import FilePath, Formats
from flowforge.cli.options import (
    Options,
    argument,
    completing,
    format_option,
    lock_option,
    manifest_option,
    owner_option,
    plain_option,
    yes_option,
)


def _list(formats: Formats) -> Options:
    yield manifest_option()
    yield owner_option()
    yield format_option(formats, "kept")
    yield argument("patterns", metavar="[PATTERN]...", nargs=-1, shell_complete=completing("repos"))


def _show(formats: Formats) -> Options:
    yield manifest_option()
    yield owner_option()
    yield format_option(formats, "kept")
    yield argument("named", metavar="[ADDRESS|REPO]...", nargs=-1, shell_complete=completing("repos"))


def _pull(_: Formats) -> Options:
    yield manifest_option()
    yield owner_option()


def _forget(_: Formats) -> Options:
    yield manifest_option()
    yield owner_option()
    yield lock_option()
    yield argument("named", metavar="ADDRESS|REPO...", nargs=-1, required=True, shell_complete=completing("repos"))
    yield yes_option()


def _move(_: Formats) -> Options:
    yield manifest_option()
    yield owner_option()
    yield lock_option()
    yield argument("old")
    yield argument("new")


def _push(_: Formats) -> Options:
    yield manifest_option()
    yield owner_option()
    yield lock_option()
    yield argument("file", type=FilePath())
    yield plain_option("--force", is_flag=True, text="Also where FILE is not newer than the state that is kept.")
    yield yes_option()


def _migrate(_: Formats) -> Options:
    yield manifest_option()
    yield owner_option()
    yield lock_option()
    yield plain_option("--from", "file", type=FilePath(), metavar="FILE", text="The state is in this file now.")
    branch = "OWNER/REPO[:BRANCH[:PATH]]"
    yield plain_option("--from-github", "github", metavar=branch, text="The state is on this branch now.")
    yield yes_option()


def _unlock(_: Formats) -> Options:
    yield manifest_option()
    yield owner_option()
    yield yes_option()


def _rekey(_: Formats) -> Options:
    yield manifest_option()
    yield owner_option()
    text = "Where the old key is. [FLOWFORGE_STATE_KEY_OLD]"
    yield plain_option("--old-key-env", default="", metavar="NAME", text=text)
    yield plain_option("--keep-going", is_flag=True, text="Lose the fingerprints whose values cannot be had.")
    yield lock_option()
    yield yes_option()


# Those that show the state first, then those that change it.
SUBCOMMANDS: Final = (
    Row(
        "list",
        """
        List the secrets that are remembered.

        With when each was written, since when it holds its value, and whether that is assumed, pending or was changed
        outside. PATTERN is an address, a repo, or a glob of either: 'acme/*', '*/ANTHROPIC_API_KEY'.
        """,
        "flowforge.cli.state.list",
        _list,
    ),
    Row(
        "show",
        """
        Show all that is remembered of a secret or a repo, or the state as a whole.

        No value is remembered. Of the whole: where it is kept, its serial and lineage, the manifests it is of, and who
        has it locked.
        """,
        "flowforge.cli.state.show",
        _show,
    ),
    Row(
        "pull",
        "Print the state as it is kept: JSON, as `flowforge schema state` describes it.",
        "flowforge.cli.state.pull",
        _pull,
    ),
    Row(
        "forget",
        """
        Forget a secret, or all of a repo.

        Changes nothing on GitHub: the next plan takes it for a secret that FlowForge never wrote. A repo that was
        deleted and made again under its name gets secrets only after this.
        """,
        "flowforge.cli.state.forget",
        _forget,
    ),
    Row(
        "move",
        """
        Follow a repo that was renamed or transferred: OLD and NEW are owner/name.

        Changes nothing on GitHub. With NEW in the manifest, the next plan knows what was written to it under its old
        name.
        """,
        "flowforge.cli.state.move",
        _move,
    ),
    Row(
        "push",
        """
        Put a copy in the place of the state.

        FILE is what `flowforge state pull` printed, or a .backup. One of another lineage is refused, and without
        --force one that is not newer. What a file holds until then is kept beside it as .backup, on a branch in its
        history.
        """,
        "flowforge.cli.state.push",
        _push,
    ),
    Row(
        "migrate",
        """
        Move the state to where the manifest says that it is.

        First write the new place under `state` in the manifest. Where that is on GitHub, and nothing is said of where
        the state is now, it is taken from the file beside the manifest. It is copied and read back; then the old one is
        marked as moved, and every command that meets it says where to. Interrupted, it is simply run again.
        """,
        "flowforge.cli.state.migrate",
        _migrate,
    ),
    Row(
        "unlock",
        """
        Remove the lock that a dead run left on a state on GitHub.

        It ends by itself ten minutes after that run's last sign of life. A run that is alive after all stops before its
        next write. The lock of a file needs no such thing: it goes with its process.
        """,
        "flowforge.cli.state.unlock",
        _unlock,
    ),
    Row(
        "rekey",
        """
        Put the state under another key.

        The old key is in FLOWFORGE_STATE_KEY_OLD (unset: the state has none), the new one where the manifest says, or
        in FLOWFORGE_STATE_KEY (neither: the state gets none). Reads the values, as a fingerprint can only be made of
        its value, and changes nothing on GitHub. What holds another value than was written is written by the next
        apply.
        """,
        "flowforge.cli.state.rekey",
        _rekey,
    ),
)
