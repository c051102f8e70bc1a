"""Documents of a status, of any size: what its formats and its page are tried with."""

from typing import Any, Final

_LIVES: Final = ("alive", "alive", "unknown", "dead", "not_run", "failing", "alive")


def _run(number: int, conclusion: str) -> dict[str, Any]:
    return {
        "workflow": ".github/workflows/claude.yml",
        "run": number,
        "url": f"https://github.com/acme/api-{number:04}/actions/runs/{number}/job/1",
        "concluded_at": f"2026-11-{1 + number % 27:02}T04:00:00Z",
        "conclusion": conclusion,
    }


def secret(number: int, life: str, **other: Any) -> dict[str, Any]:  # noqa: ANN401 -- members of the document
    """Return the entry of one secret."""
    decided = life in {"alive", "dead", "failing"}
    entry: dict[str, Any] = {
        "address": f"acme/api-{number:04}/actions/ANTHROPIC_API_KEY",
        "repo": f"acme/api-{number:04}",
        "store": "actions",
        "secret": "ANTHROPIC_API_KEY",
        "credential": f"key-{number % 3}",
        "state": "as_written",
        "sentence": None,
        "written_at": "2026-10-01T00:00:00Z",
        "value_since": "2026-10-01T00:00:00Z",
        "life": life,
        "why": f"it is {life}",
        "evidence": _run(number, "success" if life == "alive" else "failure") if decided else None,
        "last_good": _run(number, "success") if life == "alive" else None,
    }
    return {**entry, **other}


def credential(name: str, days: int | None, **other: Any) -> dict[str, Any]:  # noqa: ANN401 -- members of the document
    """Return the entry of one credential that has so many days left."""
    entry: dict[str, Any] = {
        "name": name,
        "type": "anthropic_api_key",
        "source": "env ACME_KEY",
        "owner": None,
        "places": 3,
        "value_since": "2026-10-01T00:00:00Z",
        "issued_at": None,
        "expires_at": None if days is None else f"2027-{1 + (days // 31) % 12:02}-{1 + days % 27:02}",
        "expiry_basis": None if days is None else "declared",
        "days_left": days,
        "older": [],
    }
    return {**entry, **other}


def status(number: int, **other: Any) -> dict[str, Any]:  # noqa: ANN401 -- members of the document
    """Return the document of so many secrets, of every kind in turn."""
    document: dict[str, Any] = {
        "format": "flowforge.status",
        "version": 1,
        "flowforge": "0.0.0",
        "host": "github.com",
        "complete": True,
        "today": "2026-11-28",
        "credentials": [credential("key-0", 300), credential("key-1", 5), credential("key-2", None)],
        "secrets": [secret(each, _LIVES[each % len(_LIVES)]) for each in range(number)],
        "warnings": [],
    }
    return {**document, **other}
