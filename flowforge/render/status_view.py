"""What people are shown of a status, made of its public document."""

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from itertools import groupby
from typing import Final

from flowforge.render.document import JsonEntry
from flowforge.render.phrases import count
from flowforge.render.style import Style

# Of a secret: what is shown without -v, each with its mark.
_MARKS: Final = {"dead": "!", "failing": "!", "alive": "=", "not_run": "?", "unknown": "?"}
_ORDER: Final = ("dead", "failing", "not_run", "unknown", "alive")
STATES_WELL: Final = frozenset({"as_written", "assumed"})
"""The states of a secret that is as it was written or adopted."""
_BASES: Final = {
    "declared": "as the manifest says",
    "issued": "a lifetime after its issue",
    "first_seen": "at the latest: its value was first seen then",
    "admin_api": "as Anthropic says",
}
_FEW: Final = 10


def status_lines(document: JsonEntry, style: Style, *, verbose: bool) -> Iterator[str]:
    """Yield a line for each credential, then one for each secret that is not simply well. verbose: for every secret."""
    for credential in document["credentials"]:
        yield from _credential(credential, style)
    for life in _ORDER:
        # A life that is simply not known is one line for all: thousands of these would hide the few that matter.
        shown = [each for each in document["secrets"] if each["life"] == life and (verbose or _matters(each))]
        for (_, alike), group in groupby(sorted(shown, key=_kind), key=_kind):
            yield from _secrets(list(group), style, verbose=verbose or not alike)
    differs = document.get("differs", ())  # an earlier version's report, which `post` takes, has none
    if differs:
        yield style(f"~ not as the manifest says: {_first(differs)}; `flowforge plan` shows how", "~")
    yield closing_sentence(document)


def _first(addresses: Sequence[str]) -> str:
    more = f" and {len(addresses) - _FEW:,} more" if len(addresses) > _FEW else ""
    return f"{', '.join(addresses[:_FEW])}{more}"


def closing_sentence(document: JsonEntry) -> str:
    """Return the one sentence that everything comes down to."""
    lives = Counter(each["life"] for each in document["secrets"])
    ill = sum(each["state"] not in STATES_WELL for each in document["secrets"])
    expired = sum(each["days_left"] is not None and each["days_left"] <= 0 for each in document["credentials"])
    words = {"alive": "alive", "dead": "dead", "failing": "failing", "not_run": "not run since", "unknown": "unknown"}
    told = [f"{lives[name]:,} {word}" for name, word in words.items() if lives[name]]
    more = [f"{ill:,} not as written"] if ill else []
    more += [f"{count(expired, 'credential')} expired"] if expired else []
    differs = len(document.get("differs", ()))
    more += [f"{count(differs, 'other place')} not as the manifest says"] if differs else []
    total = count(len(document["secrets"]), "secret")
    said = f"{total}: {', '.join([*told, *more])}." if told else f"{total}."
    return said if document["complete"] else f"{said} It is incomplete: not everything was seen."


def _credential(credential: JsonEntry, style: Style) -> Iterator[str]:
    left = credential["days_left"]
    mark = "!" if left is not None and left <= 0 else " "
    owner = f", of {credential['owner']}" if credential["owner"] else ""
    yield style(f"{mark} {credential['name']}  {credential['type']}, from {credential['source']}{owner}", mark)
    since = credential["value_since"]
    told = [f"in {count(credential['places'], 'place')}", f"value since {since[:10]}" if since else "age not known"]
    yield f"    {', '.join([*told, _expiry(credential)])}"
    older = credential["older"]
    if older:
        yield f"    still an older value in {count(len(older), 'place')}: {_first(older)}"


def _expiry(credential: JsonEntry) -> str:
    left, day = credential["days_left"], credential["expires_at"]
    if left is None:
        return "no day of expiry known"
    when = f"expires on {day}, in {count(left, 'day')}" if left > 0 else f"expired on {day}"
    return f"{when} ({_BASES[credential['expiry_basis']]})"


def _matters(secret: JsonEntry) -> bool:
    return secret["life"] in {"dead", "failing"} or secret["state"] not in STATES_WELL or secret["life"] != "alive"


def _kind(secret: JsonEntry) -> tuple[Sequence[str], Hashable]:
    alike = secret["life"] in {"not_run", "unknown"} and secret["state"] in STATES_WELL
    return (secret["life"], secret["why"] or "", secret["sentence"] or "") if alike else (secret["address"],), alike


def _secrets(group: Sequence[JsonEntry], style: Style, *, verbose: bool) -> Iterator[str]:
    if not verbose and len(group) > _FEW:
        first, mark = group[0], _MARKS[group[0]["life"]]
        yield style(f"{mark} {count(len(group), 'secret')}: {_word(first)}: {first['why']}", mark)
        return
    for secret in group:
        mark = "!" if secret["state"] not in STATES_WELL else _MARKS[secret["life"]]
        said = [f"{_word(secret)}: {secret['why']}" if secret["why"] else _word(secret)]
        said += [secret["sentence"]] if secret["sentence"] else []
        yield style(f"{mark} {secret['address']}  {'; '.join(said)}", mark)
        if secret["evidence"]:
            yield f"    {secret['evidence']['url']}"


def _word(secret: JsonEntry) -> str:
    return str(secret["life"]).replace("_", " ")
