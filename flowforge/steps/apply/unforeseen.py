"""An exception that nobody foresaw, met while something was written: what it is called, and whether to go on.

Other places are written all the same. What nobody foresaw is most likely about what one place has, such as its key;
each write is intended in the state before it is sent, so the next plan knows of every one that was not recorded. What
says that the process is at its end, though, would meet each further write between its sending and its record.
"""

from typing import Final

from flowforge.errors import FlowForgeError, Problem, bug
from flowforge.github.problems import RepoError, StoppedError
from flowforge.plan.address import Address

UNFORESEEN: Final = "FF348"


def ends_the_run(error: BaseException) -> bool:
    """Return whether nothing more may be begun: a bad token, GitHub down, no memory, the process ends."""
    if isinstance(error, FlowForgeError):
        return not isinstance(error, RepoError | StoppedError)
    return isinstance(error, MemoryError) or not isinstance(error, Exception)


def unforeseen(error: BaseException, address: Address, *, sent: bool) -> Problem:
    """Return the problem of one secret whose write met it. sent: whether that may have arrived."""
    told, why, fix = bug(error), "it was not sent", ""
    if sent:
        why, fix = "it was sent, or may have been, and is not recorded", "run plan again, it will write it once more; "
    return Problem(UNFORESEEN, told.what, str(address), why, fix + told.fix)
