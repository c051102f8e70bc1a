"""The law of lists: whatever comes, goes or moves while a list is paged, it is read as it was at one moment, or not."""

import threading
from dataclasses import dataclass, field

import httpx
from hypothesis import example, given
from hypothesis import strategies as st

from flowforge.github.auth import GitHubToken
from flowforge.github.clock import Clock
from flowforge.github.http import Client
from flowforge.github.pacer import Pacer
from flowforge.github.paging import Item, requests_of, whole
from flowforge.github.problems import RepoError
from flowforge.github.urls import ApiUrl
from flowforge.vault import SecretValue
from tests.wire import answering

_API = "https://api.github.com"


@dataclass(frozen=True)
class Change:
    """What befalls a list once so many pages were served: an item comes, goes, or moves to another place in it."""

    after: int
    item: int
    place: int | None

    def of(self, items: list[int]) -> list[int]:
        """Return the list after it."""
        left = [each for each in items if each != self.item]
        return left if self.place is None else [*left[: self.place], self.item, *left[self.place :]]


@dataclass
class Paged:
    """A list that GitHub pages by number. moments: what was in it, from the first page that was asked for on."""

    items: list[int]
    size: int
    counted: bool
    changes: list[Change]
    served: int = 0
    moments: list[set[int]] = field(default_factory=list)

    def serve(self, request: httpx.Request) -> httpx.Response:
        """Return a page, and let happen what is due once it was made."""
        self.moments = self.moments or [{*self.items}]
        page = int(request.url.params.get("page", "1"))
        shown = [{"id": each} for each in self.items[(page - 1) * self.size : page * self.size]]
        more = page * self.size < len(self.items)
        body = {"total_count": len(self.items), "all": shown} if self.counted else shown
        self.served += 1
        for change in self.changes:
            if change.after == self.served:
                self.items = change.of(self.items)
                self.moments.append({*self.items})
        return httpx.Response(
            200, json=body, headers={"link": f'<{_API}/x?page={page + 1}>; rel="next"'} if more else {}
        )

    def read(self) -> tuple[list[int], int] | None:
        """Read it whole: what is in it, and in how many requests; None where it is cut short."""
        token = GitHubToken(SecretValue("ghp_" + "fake" * 5), "GH_TOKEN", workflow=False)
        # A clock that runs so slowly that no machine is too busy.
        pacer = Pacer(Clock(0.001), threading.Event(), points_per_minute=10_000)
        with Client(ApiUrl.parse(_API), token, pacer, transport=answering(self.serve)) as client:
            try:
                found = whole(client, "/x", "all" if self.counted else "", read=_number, identity=int)
            except RepoError as refusal:
                return None if refusal.no.code == "FF325" else ([], 0)
            return found, client.requests


def _number(item: Item) -> int:
    return int(str(item["id"]))


@st.composite
def lists(draw: st.DrawFn, most: int) -> Paged:
    """Draw a list, its page size, and what befalls so many distinct items of it, at any moment."""
    count, size = draw(st.integers(0, 9)), draw(st.integers(1, 4))
    changed = draw(st.lists(st.integers(0, count + 2), unique=True, max_size=most))
    places = st.integers(0, count)
    changes = [
        # Those from the count on are not there at first.
        Change(draw(st.integers(1, 16)), item, draw(places if item >= count else st.none() | places))
        for item in changed
    ]
    return Paged([*range(count)], size, draw(st.booleans()), changes)


@given(lists(most=6))
@example(Paged([0, 1, 2], 2, counted=False, changes=[Change(1, 0, None)]))
@example(Paged([0, 1, 2], 2, counted=True, changes=[Change(1, 0, None), Change(1, 3, 3)]))
def test_a_list_is_as_it_was_at_one_moment(paged: Paged) -> None:
    """What is read is what was there at some moment between the first page and the last, each once; or it is none."""
    read = paged.read()
    assert read is None or (sorted({*read[0]}) == sorted(read[0]) and {*read[0]} in paged.moments)


@given(lists(most=1))
def test_one_change_cuts_no_list_short(paged: Paged) -> None:
    """Of four readings it spoils one, and two beside it agree; where nothing changes, two are enough."""
    pages, more = requests_of(len(paged.items), paged.size), -(-(len(paged.items) + 1) // paged.size)
    read, changed = paged.read(), len(paged.moments) > 1
    assert read is not None
    assert read[1] <= 4 * more if changed else read[1] == pages
