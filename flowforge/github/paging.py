"""Lists of GitHub, whole or not at all."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from flowforge.github.answer import Answer
from flowforge.github.http import Client
from flowforge.github.problems import cut_short, other_shape, strayed

PER_PAGE: Final = 100
Items = Sequence[Mapping[str, object]]


def pages(client: Client, path: str, key: str = "", *, per_page: int = PER_PAGE) -> Iterator[tuple[Answer, Items]]:
    """Yield the pages of a list with their answers. key: the name of the list in an answer that is an object.

    The next page is where `Link` says, which must be below the API's own base. Raises RepoError: FF325 for a list that
    GitHub itself calls partial, FF327 for another shape; and as the client does.
    """
    here: str | None = f"{path}{'&' if '?' in path else '?'}per_page={per_page}"
    seen: set[str] = set()
    while here is not None:
        if here in seen:
            detail = "the list was cut short: its next page is one that came already"
            raise cut_short(detail)
        seen.add(here)
        answer = client.get(here)
        if answer.headers.get("x-github-sso", "").startswith("partial-results"):
            detail = "the list was cut short: single sign-on hides organizations from this token"
            fix = "authorize the token for single sign-on in its settings at GitHub, or use a GitHub App's token"
            raise cut_short(detail, fix)
        yield answer, _items(answer, key)
        here = _next(client, answer)


def whole(client: Client, path: str, key: str, *, per_page: int = PER_PAGE) -> list[Mapping[str, object]]:
    """Give every item of a list that says its `total_count`; raises RepoError FF325 when it is another number."""
    found: list[Mapping[str, object]] = []
    total: object = None
    for answer, items in pages(client, path, key, per_page=per_page):
        found += items
        total = answer.data.get("total_count") if isinstance(answer.data, Mapping) else None
    if type(total) is not int:
        detail = "a list without its total_count"
        raise other_shape(detail)
    if total != len(found):
        detail = f"the list was cut short: {len(found)} of {total} came"
        raise cut_short(detail)
    return found


def _items(answer: Answer, key: str) -> Items:
    found = answer.data
    if key:
        found = found.get(key) if isinstance(found, Mapping) else None
    if not isinstance(found, list) or not all(isinstance(item, Mapping) for item in found):
        detail = "not a list where GitHub documents one"
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
        detail = "the list was cut short: its next page is said to be where no API is"
        raise cut_short(detail)
    return path
