"""Lists of GitHub, whole or not at all.

GitHub pages by number: where an item leaves between two pages, the first of the next page moves to the one before, and
is in neither. So a list of several pages is read again until two readings agree.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Final, TypeVar

from flowforge.github.answer import Answer
from flowforge.github.http import Client
from flowforge.github.problems import Refusal, RepoError, StoppedError, other_shape, strayed
from flowforge.plan.action import Why

PER_PAGE: Final = 100  # GitHub's own most, whatever is asked for
MOST_PAGES: Final = 1_000  # of one reading: 100,000 repos
MOST_READINGS: Final = 5
MOST_SECONDS: Final = 600.0
_AGAIN: Final = "run it again; if it stays, use another token"
_LATER: Final = "run it again in a while"
_AUTHORIZE: Final = "authorize the token for single sign-on in its settings at GitHub, or use a GitHub App's token"
_READINGS: Final = 2
Item = Mapping[str, object]
Items = Sequence[Item]
AskPage = Callable[[str], Answer]
T = TypeVar("T")


class Budget:
    """The time that one list may take, however often it is read and however slowly it comes.

    Waits for rate limits are not counted, as long as they are no longer than one pause may be.
    """

    def __init__(self, client: Client, stopped: Callable[[], bool], get: AskPage) -> None:
        self._client = client
        self._get = get
        self._stopped = stopped
        self._begun = client.pacer.clock.now()
        self._held = 0.0

    def get(self, path: str) -> Answer:
        """Send a GET. Raises RepoError FF325 when the time is over, StoppedError, and as the client does."""
        if self._stopped():
            raise StoppedError
        pacer = self._client.pacer
        if pacer.clock.now() - self._begun - min(self._held, pacer.max_wait) > MOST_SECONDS:
            why = f"it did not come in {MOST_SECONDS / 60:g} minutes"
            raise _cut_short(why, _LATER)
        answer = self._get(path)
        self._held += answer.held
        return answer


def whole(
    client: Client,
    path: str,
    key: str = "",
    *,
    read: Callable[[Item], T],
    identity: Callable[[T], Hashable],
    per_page: int = PER_PAGE,
    stopped: Callable[[], bool] = lambda: False,
    get: AskPage | None = None,
) -> list[T]:
    """Read every item of a list, as it is at one moment while it is read.

    A list of one page is read once. One of more is read until two readings in a row hold the same, five times at most:
    whatever came or went meanwhile, what both hold is what was there between them. key: the name of the list in an
    answer that is an object, which then has a `total_count`; empty for a bare array. identity: what tells an item from
    others, whatever else of it changes. stopped: whether to leave it, which a list that tells of our own writes is not.
    get: what asks, where it is not the client's `get`.
    Raises RepoError as `pages` and `read` do, and FF325 for a list that lacks something, or that changes each time.
    """
    budget = Budget(client, stopped, get or client.get)
    readings: list[tuple[AbstractSet[Hashable], str]] = []
    for number in range(MOST_READINGS):
        found: list[T] = []
        totals: list[int | None] = []
        for answer, items in pages(client, path, key, per_page=per_page, get=budget.get):
            found += map(read, items)
            totals.append(_total(answer) if key else None)
        ids = {identity(each) for each in found}
        readings.append((ids, _fault(len(found), len(ids), totals)))
        of_one_page = number == 0 and len(totals) == 1
        if readings[-2:] == [(ids, "")] * (1 if of_one_page else 2):
            return found
        if of_one_page:
            break
    if all(each == readings[0] for each in readings):
        raise _cut_short(readings[0][1])
    raise _cut_short("it changed each time it was read", _LATER)


def on_one_page(
    client: Client, path: str, key: str, *, read: Callable[[Item], T], identity: Callable[[T], Hashable]
) -> list[T] | None:
    """Return every item of a list that has no more than one page; None where there may be more. One request.

    key: the name of the list in its answer, which has a `total_count`. Raises RepoError as `pages` and `read` do.
    """
    answer, items = next(pages(client, path, key))
    found = [read(item) for item in items]
    fault = _fault(len(found), len({identity(each) for each in found}), [_total(answer)])
    return None if fault or answer.link("next") is not None else found


def requests_of(count: int, per_page: int = PER_PAGE) -> int:
    """Return how many requests a list of so many items takes while nobody changes it."""
    there = max(1, -(-count // per_page))
    return there if there == 1 else there * _READINGS


def pages(
    client: Client, path: str, key: str = "", *, per_page: int = PER_PAGE, get: AskPage | None = None
) -> Iterator[tuple[Answer, Items]]:
    """Yield the pages of one reading of a list with their answers; what is in none of them may be there all the same.

    The next page is where `Link` says, which must be below the API's own base. get: what asks, where it is not the
    client alone. Raises RepoError: FF325 for a list that GitHub itself calls partial, or that has no end; FF327 for
    another shape; and as the client does.
    """
    get = get or client.get
    here: str | None = f"{path}{'&' if '?' in path else '?'}per_page={per_page}"
    seen: set[str] = set()
    while here is not None:
        if here in seen:
            raise _cut_short("its next page is one that came already")
        if len(seen) == MOST_PAGES:
            why = f"it has more than {MOST_PAGES:,} pages"
            raise _cut_short(why)
        seen.add(here)
        answer = get(here)
        if answer.headers.get("x-github-sso", "").startswith("partial-results"):
            raise _cut_short("single sign-on hides organizations from this token", _AUTHORIZE)
        yield answer, _items(answer, key)
        here = _next(client, answer)


def _cut_short(why: str, fix: str = _AGAIN) -> RepoError:
    """Return the refusal of an incomplete list: what it lacks must not be taken for absent."""
    return RepoError(Refusal("FF325", Why.CUT_SHORT, f"the list was cut short: {why}", fix))


def _fault(count: int, distinct: int, totals: Sequence[int | None]) -> str:
    """Return why so many items cannot be the whole list; empty if they can. totals: what each page says."""
    if len(set(totals)) > 1:
        return "its pages do not agree how many there are"
    if totals[0] not in {None, count}:
        return f"{count} of {totals[0]} came"
    return "" if count == distinct else "something came twice"


def _total(answer: Answer) -> int:
    total = answer.data.get("total_count") if isinstance(answer.data, Mapping) else None
    if type(total) is not int:
        raise other_shape("a list without its total_count")
    return total


def _items(answer: Answer, key: str) -> Items:
    found = answer.data
    if key:
        found = found.get(key) if isinstance(found, Mapping) else None
    if not isinstance(found, list) or not all(isinstance(item, Mapping) for item in found):
        raise other_shape("not a list where GitHub documents one")
    if len(found) > PER_PAGE:
        detail = f"a page of more than {PER_PAGE}"
        raise other_shape(detail)
    return found


def _next(client: Client, answer: Answer) -> str | None:
    url = answer.link("next")
    if url is None:
        return None
    if client.api.elsewhere(url):
        raise strayed(client.api)
    path = client.api.below(url)
    if path is None:
        raise _cut_short("its next page is said to be where no API is")
    return path
