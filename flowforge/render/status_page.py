"""The markdown of a status, made of its public document: the sentence, the credentials, and what is not well."""

from collections.abc import Iterator
from typing import Final

from flowforge.plan.expiry import SOON
from flowforge.render.document import JsonEntry
from flowforge.render.markdown_text import code, prose
from flowforge.render.pages import Page, Section
from flowforge.render.status_view import STATES_WELL, closing_sentence

_ILL: Final = frozenset({"dead", "failing"})
_RANKS: Final = ("dead", "failing", "not_run", "unknown", "alive")


def status_page(document: JsonEntry, *, bare: bool = False) -> Page:
    """Return the page of a status. bare: without any sentence of the document, which anybody may have written."""
    if bare:
        return Page(closing_sentence(document), ())
    warnings = tuple(f"- {prose(each)}" for each in document["warnings"])
    return Page(
        closing_sentence(document),
        (
            Section("Credentials", tuple(map(_credential, document["credentials"])), _CREDENTIALS),
            Section("Not well", tuple(map(_secret, _listed(document, ill=True))), _SECRETS),
            Section("The rest", tuple(map(_secret, _listed(document, ill=False))), _SECRETS, folded=True),
            Section("Warnings", warnings, folded=True),
        ),
    )


def is_well(document: JsonEntry) -> bool:
    """Return whether nothing is dead, failing or otherwise than written, and nothing expires within thirty days."""
    soon = any(each["days_left"] is not None and each["days_left"] <= SOON.days for each in document["credentials"])
    return bool(document["complete"]) and not soon and not any(map(_is_ill, document["secrets"]))


def _is_ill(secret: JsonEntry) -> bool:
    return secret["life"] in _ILL or secret["state"] not in STATES_WELL


def _listed(document: JsonEntry, *, ill: bool) -> Iterator[JsonEntry]:
    found = (each for each in document["secrets"] if _is_ill(each) is ill)
    yield from sorted(found, key=lambda each: (_RANKS.index(each["life"]), each["address"]))


_CREDENTIALS: Final = ("credential", "owner", "places", "older value in", "value since", "expires", "days left")
_SECRETS: Final = ("life", "where", "secret", "state", "why", "evidence")


def _credential(each: JsonEntry) -> str:
    left = each["days_left"]
    days = "" if left is None else f"{left:,}" if left > 0 else f"**{left:,}, expired**"
    older = f"{len(each['older']):,}" if each["older"] else ""
    cells = (code(each["name"]), code(each["owner"] or ""), f"{each['places']:,}", older)
    # A day is a day only in a document that FlowForge made, and anybody may have made this one.
    return _row(*cells, prose((each["value_since"] or "")[:10]), prose(each["expires_at"] or ""), days)


def _secret(each: JsonEntry) -> str:
    evidence = each["evidence"]
    # The address of a run is GitHub's; it is shown as code, since only our own links may be followed from a comment.
    seen = f"{code(evidence['url'])} ({code(evidence['conclusion'])})" if evidence else ""
    said = "; ".join(prose(text) for text in (each["why"], each["sentence"]) if text)
    state = each["state"].replace("_", " ")
    return _row(
        each["life"].replace("_", " "), code(f"{each['repo']} {each['store']}"), code(each["secret"]), state, said, seen
    )


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
