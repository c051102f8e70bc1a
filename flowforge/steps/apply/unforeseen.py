"""An exception during a write that nobody foresaw: what to report, and whether to go on.

The other scopes are written all the same. The cause is most likely something that one scope has, such as its key, and
the state has the intent of every write that was not recorded. Only what shows that the process is at its end stops the
run: it could meet each further write between its request and its record.
"""

from typing import Final

from flowforge.errors import FlowForgeError, Problem, bug
from flowforge.github.problems import RepoError, StoppedError
from flowforge.plan.address import Address

UNFORESEEN: Final = "FF348"


def ends_the_run(error: BaseException) -> bool:
    """Return whether nothing more may be begun: the token is bad, GitHub is down, memory is short, the process ends."""
    if isinstance(error, FlowForgeError):
        return not isinstance(error, RepoError | StoppedError)
    return isinstance(error, MemoryError) or not isinstance(error, Exception)


def unforeseen(error: BaseException, address: Address, *, sent: bool) -> Problem:
    """Return the problem of the secret whose write met it. sent: whether the write may have arrived."""
    report, why, fix = bug(error), "it was not sent", ""
    if sent:
        why = "it was sent, or may have been, and is not recorded"
        fix = "run `flowforge plan` again, it will write it once more; "
    return Problem(UNFORESEEN, report.what, str(address), why, fix + report.fix)
