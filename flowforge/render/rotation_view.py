"""A rotation as text: the batches that are to come, what a canary says, and what is still exposed."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from flowforge.data_class import dataclass
from flowforge.errors import printable, quote
from flowforge.plan.address import Address, Repo
from flowforge.render.alike import MOST_ALONE, some
from flowforge.render.phrases import count
from flowforge.render.style import Style, plain

_CONSOLE: Final = "https://platform.claude.com/settings/keys"


@dataclass(frozen=True, slots=True)
class BatchRow:
    """A batch, as it is shown before it is written."""

    number: int
    """The first is 1."""
    repos: Sequence[Repo]
    """Its repos."""
    canaries: Sequence[Repo]
    """Those in which the canary is asked."""


def course_lines(credential: str, total: int, already: int, since: str, batches: Sequence[BatchRow]) -> Iterable[str]:
    """Yield what a rotation is about to do. since: when it began, where it is taken up. already: what has the value."""
    begun = f", under way since {since}" if since else ""
    yield f"Rotation of {printable(credential)}: {count(total, 'secret')}{begun}."
    if already:
        yield (
            f"{count(already, 'secret')} had this value before; if it is the old one, stop here and put the new one at "
            "its source."
        )
    for row in batches:
        asked = f"; then the canary in {_named(row.canaries)}" if row.canaries else ""
        yield f"  batch {row.number}: {count(len(row.repos), 'repo')}: {_named(row.repos)}{asked}"


def verdict_line(repo: Repo, said: str, url: str, *, well: bool, style: Style = plain) -> str:
    """Return what a canary says of a repo."""
    at = f" ({printable(url)})" if url else ""
    return style(
        f"canary {'well' if well else 'red'}: {printable(str(repo))}: {printable(said)}{at}", "+" if well else "-"
    )


def exposed_lines(exposed: Sequence[Address], *, verbose: bool, style: Style = plain) -> Iterable[str]:
    """Yield what may hold an older value yet."""
    many = "may hold an older value yet"
    if len(exposed) > MOST_ALONE and not verbose:
        yield style(f"{count(len(exposed), 'secret')} {many}:", "!")
        yield f"    {some([str(address) for address in exposed])}"
        return
    yield style(f"{count(len(exposed), 'secret')} {many}:", "!")
    yield from (f"    {printable(str(address))}" for address in exposed)


def revoke_lines(*, oauth: bool) -> Iterable[str]:
    """Yield where the old value is to be revoked. oauth: whether it is a token of `claude setup-token`."""
    if oauth:
        yield "The old token stays valid: to overwrite a secret does not revoke it, and no command does."
    else:
        yield f"The old key stays valid until somebody switches it off, at {_CONSOLE}."


def old_key_line(key_id: str, name: str, status: str, trouble: str) -> str:
    """Return which key the old one is. trouble: why Anthropic tells no more of it than its id."""
    known = [quote(name), status] if name else [status]
    more = f"Anthropic tells no more of it: {printable(trouble)}" if trouble else ", ".join(filter(None, known))
    return f"The old key is {printable(key_id)}{f' ({more})' if more else ''}."


def cancelled_lines(cancelled: Sequence[str]) -> Iterable[str]:
    """Yield which runs GitHub was asked to end, by their pages."""
    yield from _pages("queued before the last write; its end was asked for", cancelled)


def alive_lines(alive: Sequence[str], going_on: Mapping[Repo, str]) -> Iterable[str]:
    """Yield which runs have the old value, by their pages. going_on: why those of some repos could not be cancelled."""
    yield from _pages("queued before the last write and alive", alive)
    for why in dict.fromkeys(going_on.values()):
        yield f"GitHub did not cancel those of {_of_one_reason(going_on, why)}."


def unknown_lines(unknown: Mapping[Repo, str]) -> Iterable[str]:
    """Yield of which repos nobody knows whether older runs are alive, and why."""
    for why in dict.fromkeys(unknown.values()):
        yield f"Whether older runs are alive is not known of {_of_one_reason(unknown, why)}."


def place_lines(*, unseen: int, changed: int) -> Iterable[str]:
    """Yield what to do about places that the same command alone does not come to.

    unseen: how many this run did not see. changed: how many somebody changed since.
    """
    if unseen:
        yield (
            f"{count(unseen, 'secret')} this run did not see: run it without --owner; what the manifest no longer "
            "names, `flowforge apply --prune` deletes, and `flowforge state forget ADDRESS` drops."
        )
    if changed:
        yield f"{count(changed, 'secret')} somebody changed since, or cannot be seen: `flowforge plan` says which."


def _pages(many: str, urls: Sequence[str]) -> Iterable[str]:
    if urls:
        yield f"{count(len(urls), 'run')} {many}:"
        yield from (f"    {printable(url)}" for url in urls)


def switched_off_line() -> str:
    """Return that the old key is off."""
    return f"It is switched off. That can be taken back, at {_CONSOLE}."


def _of_one_reason(reasons: Mapping[Repo, str], why: str) -> str:
    return f"{_named(sorted(repo for repo, each in reasons.items() if each == why))}: {printable(why)}"


def _named(repos: Sequence[Repo]) -> str:
    return (
        some([str(repo) for repo in repos]) if len(repos) > MOST_ALONE else ", ".join(printable(str(r)) for r in repos)
    )
