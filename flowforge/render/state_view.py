"""What a state holds, as text and as JSON (schemas/kept.schema.json). A state has no values."""

import json
from collections.abc import Iterable, Mapping
from typing import Final

from flowforge.errors import printable
from flowforge.plan.address import Address
from flowforge.plan.facts import Record, Remembered
from flowforge.plan.state_summary import StateSummary
from flowforge.render.access import place_entry
from flowforge.render.document import Document, head
from flowforge.render.phrases import count

# Of a secret whose first write began and whose end is not known.
_NO_RECORD: Final = Record("", "", "", 0, "", "")


def list_lines(secrets: Mapping[Address, Remembered]) -> Iterable[str]:
    """Yield a line for each secret: address, credential, when it was written, since when it has its value, marks."""
    rows = [_cells(address, remembered) for address, remembered in secrets.items()]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(5)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True) if width).rstrip()
    yield f"{count(len(secrets), 'secret')}."


def state_lines(kept: StateSummary) -> Iterable[str]:
    """Yield the lines of the state as a whole."""
    yield f"where: {printable(kept.where)}"
    if not kept.exists:
        yield "There is no state yet."
        return
    yield f"serial: {kept.serial}"
    yield f"lineage: {kept.lineage}"
    yield f"manifests: {printable(', '.join(kept.manifests)) or 'none'}"
    yield f"remembers: {_sum(kept)}"
    for name in sorted(kept.rotations):
        walk = kept.rotations[name]
        proven, reached = count(walk.proven, "batch", "batches"), count(len(walk.reached), "secret")
        yield f"rotation under way: {printable(name)} since {walk.since}, {proven} found well, {reached} reached"
    if kept.lock:
        lock = kept.lock
        yield f"locked by: {printable(lock.holder)} since {lock.since}, until {lock.until} by GitHub's clock"
    if kept.moved_to:
        yield f"moved to: {printable(kept.moved_to)}"


def secret_lines(secrets: Mapping[Address, Remembered]) -> Iterable[str]:
    """Yield everything that is remembered of each secret."""
    for address, remembered in secrets.items():
        yield printable(str(address))
        for name, said in _details(remembered).items():
            if said is not None:
                yield f"    {name}: {said if isinstance(said, str) else json.dumps(said)}"


def kept_document(kept: StateSummary, secrets: Mapping[Address, Remembered] | None = None) -> Document:
    """Return the public JSON. secrets: those that were asked for; None for the state as a whole."""
    lock = kept.lock
    document = {
        **head("kept", kept.host),
        "where": printable(kept.where),
        "exists": kept.exists,
        "serial": kept.serial if kept.exists else None,
        "lineage": kept.lineage or None,
        "manifests": [printable(name) for name in kept.manifests],
        "lock": {"holder": printable(lock.holder), "since": lock.since, "until": lock.until} if lock else None,
        "moved_to": printable(kept.moved_to) or None,
        "counts": _counts(kept),
    }
    return document if secrets is None else document | {"secrets": [_entry(*each) for each in secrets.items()]}


def _counts(kept: StateSummary) -> dict[str, int]:
    found = kept.secrets.values()
    return {
        "remembered": len(found),
        "assumed": sum(bool(each.record and each.record.adopted) for each in found),
        "pending": sum(each.pending for each in found),
    }


def _sum(kept: StateSummary) -> str:
    total, assumed, pending = _counts(kept).values()
    marks = ((assumed, "assumed"), (pending, "pending"))
    return ", ".join([count(total, "secret"), *(f"{number:,} {word}" for number, word in marks if number)])


def _marks(remembered: Remembered) -> list[str]:
    record = remembered.record or _NO_RECORD
    marks = {
        "assumed": record.adopted,
        "changed outside": record.drifted_at,
        "unconfirmed": record.unconfirmed,
        "pending": remembered.pending,
    }
    return [word for word, holds in marks.items() if holds]


def _cells(address: Address, remembered: Remembered) -> tuple[str, str, str, str, str]:
    record = remembered.record or _NO_RECORD
    written = f"written {printable(record.written_at)}" if record.written_at else "never written"
    # The time of the write says it where the value came with that; a line of both is wider than most terminals.
    since = f"value since {printable(record.value_since)}" if record.value_since not in {"", record.written_at} else ""
    return printable(str(address)), printable(record.credential), written, since, ", ".join(_marks(remembered))


def _details(remembered: Remembered) -> Document:
    """Return what is remembered, by the names that it has in the state. None stands for what is missing."""
    record = remembered.record or _NO_RECORD
    # Only an organization's secret has one; without it an empty list of ids would look like "nobody".
    seen = record.visibility or None
    times = ("updated_at", "written_at", "value_since", "drifted_at")
    texts = ("credential", "fingerprint", *times, "commit", "run", "public_key", "api_key_id")
    return {
        **{name: printable(getattr(record, name)) or None for name in texts},
        "repo_id": record.repo_id or None,
        "visibility": seen,
        "repo_ids": list(record.repo_ids) if seen else None,
        "assumed": record.adopted,
        "unconfirmed": record.unconfirmed,
        "pending": remembered.pending,
    }


def _entry(address: Address, remembered: Remembered) -> Document:
    scope = address.scope
    return {
        "address": printable(str(address)),
        **place_entry(scope),
        "store": scope.store.value,
        "environment": printable(scope.environment) or None,
        "secret": printable(address.secret),
        **_details(remembered),
    }
