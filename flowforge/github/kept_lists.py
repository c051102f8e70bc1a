"""Lists of secrets and of repos, asked for with what an earlier run got: what is still the same costs no budget.

GitHub gives a body an ETag that is bound to the token, so what one run was told is of no use to the next one, which has
a token of its own. But the ETag can be computed from the body and the token of today
(`GitHubToken.etag`). A wrong one is a request like any other, which GitHub answers with the list. Every list is asked
for each time: GitHub would let it be used for a minute without that, and a minute would hide a change.
"""

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from flowforge.github.answer import Answer
from flowforge.github.api_request import GitHubRequest
from flowforge.github.kept_bodies import KeptBodies

NOTHING_KEPT: Final = KeptBodies(None)
# Where a list of several pages is cut, its answer says where it goes on, in a header that no ETag vouches for.
_LINK: Final = "link"
# Single sign-on hides a part of the list, as a header says that no ETag vouches for either.
_PARTIAL: Final = "x-github-sso"


class KeptLists:
    """Asks for lists, and counts: one for all clients of a run. Thread-safe.

    `asked`: how many pages were asked for with what was known of them. `unchanged`: how many of these were the same.
    """

    def __init__(self, bodies: KeptBodies = NOTHING_KEPT) -> None:
        """Take what is kept."""
        self._bodies = bodies
        self._lock = threading.Lock()
        self._unchanged: set[str] = set()
        self.asked = self.unchanged = 0

    def close(self) -> None:
        """Keep what this run was told."""
        self._bodies.close()

    def get(self, send: Callable[[GitHubRequest], Answer], path: str, url: str, *, fresh: bool) -> Answer:
        """Ask for a page of a list, and keep it.

        send: sends a request, as a client does. url: that of the path. fresh: whether what is known is not used.
        """
        request = GitHubRequest("GET", path, tagged=True)
        # Of no other host, and of no other media type: the same path means something else there.
        name = f"{request.accept} {url}"
        known = None if fresh else self._bodies.find(name)
        answer = send(replace(request, known=known))
        if known is not None:
            same = answer.unchanged and _is_of(answer) and _is_whole(answer)
            self._count(url, same=same)
            if same:
                self._bodies.still(name)
                return answer
        if answer.unchanged:
            answer = send(request)
        if answer.body and _is_whole(answer):
            self._bodies.keep(name, answer.body)
        return answer

    def was_unchanged(self, url: str) -> bool:
        """Return whether a page of the list at a URL was the same as before, and so was not sent once more."""
        with self._lock:
            return url in self._unchanged

    def _count(self, url: str, *, same: bool) -> None:
        with self._lock:
            self.asked += 1
            self.unchanged += same
            if same:
                self._unchanged.add(url.partition("?")[0])


def _is_of(answer: Answer) -> bool:
    """Return whether what was called the same is what was asked for. An answer need not name it."""
    named = answer.headers.get("etag", answer.computed_etag)
    return named.removeprefix("W/") == answer.computed_etag.removeprefix("W/")


def _is_whole(answer: Answer) -> bool:
    """Return whether an answer itself shows where its list ends: by its Link, or by its own count.

    Else a list that has grown by a page would seem to end where it did, and so would one that somebody has cut.
    """
    if _PARTIAL in answer.headers:
        return False
    return _LINK in answer.headers or _has_all(answer.data)


def _has_all(data: object) -> bool:
    match data:
        case {"total_count": total, "secrets": list() as items} | {
            "total_count": total,
            "repositories": list() as items,
        }:
            return type(total) is int and total == len(items)
    return False
